# SPDX-License-Identifier: Apache-2.0
"""Proposals computed once and stored."""

__all__: list[str] = []
