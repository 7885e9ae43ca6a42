# SPDX-License-Identifier: Apache-2.0
"""Local web pages: a small server, what it lets through, and what the pages have in common."""

__all__: list[str] = []
