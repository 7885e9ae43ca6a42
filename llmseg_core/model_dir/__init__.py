# SPDX-License-Identifier: Apache-2.0
"""Model directories: which networks there are, and their weights on disk."""

__all__: list[str] = []
