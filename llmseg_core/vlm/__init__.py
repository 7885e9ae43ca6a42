# SPDX-License-Identifier: Apache-2.0
"""The vision-language model: image and instruction to one seg token (paper section 3.1)."""

__all__: list[str] = []
