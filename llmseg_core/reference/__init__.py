# SPDX-License-Identifier: Apache-2.0
"""The published way, to compare with: the real package and the pipeline as released."""

__all__: list[str] = []
