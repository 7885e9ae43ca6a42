# SPDX-License-Identifier: Apache-2.0
"""Masks of what boxes and points show, by the SAMs of transformers."""

__all__: list[str] = []
