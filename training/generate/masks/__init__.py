# SPDX-License-Identifier: Apache-2.0
"""Masks of regions: drawn where there are boxes alone, and checked."""

__all__: list[str] = []
