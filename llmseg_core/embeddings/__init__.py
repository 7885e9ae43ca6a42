# SPDX-License-Identifier: Apache-2.0
"""Mask embeddings: what an image encoder says of each proposal (paper section 3.2)."""

__all__: list[str] = []
