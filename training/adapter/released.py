# SPDX-License-Identifier: Apache-2.0
"""Where the released training code trains otherwise than this package does, as recipe switches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ..data import ReleasedReading

__all__ = ["OUR_TRAINING", "ReleasedSwitches", "named_switches"]


@dataclass(frozen=True)
class ReleasedSwitches(ReleasedReading):
    """Each switch by itself, those of `ReleasedReading` too; docs/differences.md tells of them."""

    lower_case: bool = False
    """phrases and names of classes are asked in lower case"""
    plain_shrinking: bool = False
    """proposals of semantic and referring data are shrunk without antialiasing"""
    ignored_as_background: bool = False
    """targets count ignored pixels as background"""
    untouched_questions: bool = False
    """questions that no proposal touches count in the alignment loss, where a flat ranking is
    wanted"""


OUR_TRAINING = ReleasedSwitches()
"""No switch."""


def named_switches(value: Any) -> Any:
    """What a recipe says of the switches, by name: true turns all of them on, false all off.

    Anything else is returned as it is, to be checked by name.
    """
    if isinstance(value, bool):
        return {spec.name: value for spec in fields(ReleasedSwitches)}
    return dict(value) if isinstance(value, Mapping) else value
