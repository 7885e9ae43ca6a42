# SPDX-License-Identifier: Apache-2.0
"""From an image to drafts of questions: descriptions, templates, replies."""

__all__: list[str] = []
