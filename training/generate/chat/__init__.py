# SPDX-License-Identifier: Apache-2.0
"""Asking language models: requests, replies that are kept, retries, a budget."""

__all__: list[str] = []
