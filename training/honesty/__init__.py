# SPDX-License-Identifier: Apache-2.0
"""What a model knows of itself: how often its answers are right, and which images it knows."""

__all__: list[str] = []
