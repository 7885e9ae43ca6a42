# SPDX-License-Identifier: Apache-2.0
"""What every training shares: its loop, its arguments, its recipe, its processes."""

__all__: list[str] = []
