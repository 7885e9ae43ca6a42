# SPDX-License-Identifier: Apache-2.0
"""What methods have in common that show targets to a promptable segmenter."""

from __future__ import annotations

from typing import Generic, TypeVar

from llmseg_core.prompted.masks import PromptedMasks

from .configured_method import ConfiguredMethod, MethodSettings

__all__ = ["PromptedMethod"]

C = TypeVar("C", bound=MethodSettings)


class PromptedMethod(ConfiguredMethod[C], Generic[C]):
    """A method whose masks are drawn around targets that its other networks find.

    Args:
        segmenter: boxes and points to masks.
        config: of the model directory; its `min_confidence` is the default.
    """

    def __init__(self, segmenter: PromptedMasks, config: C) -> None:
        super().__init__(config)
        self.segmenter = segmenter
