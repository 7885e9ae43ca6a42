# SPDX-License-Identifier: Apache-2.0
"""Proposals: class-agnostic masks of an image, by SAM's everything mode (paper section 3.2)."""

__all__: list[str] = []
