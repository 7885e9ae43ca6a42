# SPDX-License-Identifier: Apache-2.0
"""How well the checks work, on rendered scenes, whose truth is known."""

__all__: list[str] = []
