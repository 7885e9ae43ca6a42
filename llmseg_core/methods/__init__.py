# SPDX-License-Identifier: Apache-2.0
"""Methods: what turns images and instructions into masks, behind one interface."""

__all__: list[str] = []
