# SPDX-License-Identifier: Apache-2.0
"""The data set and what belongs to it: splits, files, numbers, pages."""

__all__: list[str] = []
