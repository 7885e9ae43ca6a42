# SPDX-License-Identifier: Apache-2.0
"""Depth images: where the thing under a mask is in space, and how large."""

__all__: list[str] = []
