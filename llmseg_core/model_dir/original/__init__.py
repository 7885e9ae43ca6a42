# SPDX-License-Identifier: Apache-2.0
"""Weights in the files in which their authors published them."""

__all__: list[str] = []
