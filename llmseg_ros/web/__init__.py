# SPDX-License-Identifier: Apache-2.0
"""The node's live page: the camera with what the instruction means, and a line to type in."""

__all__: list[str] = []
