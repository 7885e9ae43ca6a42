# SPDX-License-Identifier: Apache-2.0
"""Images: read, checked, resized, normalised, and drawn on."""

__all__: list[str] = []
