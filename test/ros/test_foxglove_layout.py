# SPDX-License-Identifier: Apache-2.0
"""The layout for Foxglove: it names topics that the node has, and shows every panel once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
LAYOUT = json.loads((ROOT / "foxglove" / "llmseg.json").read_text())


def texts(value: Any) -> Iterator[str]:
    """All keys and texts of a layout."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, str):
        yield value


def panels(layout: Any) -> Iterator[str]:
    """The panels of a layout, as it divides the window."""
    if isinstance(layout, str):
        yield layout
    else:
        assert layout["direction"] in ("row", "column")
        assert 0 < layout["splitPercentage"] < 100 if "splitPercentage" in layout else True
        yield from panels(layout["first"])
        yield from panels(layout["second"])


def test_each_panel_is_shown_once() -> None:
    assert sorted(panels(LAYOUT["layout"])) == sorted(LAYOUT["configById"])


def test_topics_are_those_of_the_node() -> None:
    """As the policy for SROS2 has them, which is compared with the live node."""
    policy = ElementTree.parse(ROOT / "sros2" / "llmseg.policy.xml").getroot()
    names = {topic.text or "" for topic in policy.iter("topic")}
    known = {
        f"/llmseg/{name[2:]}" if name.startswith("~/") else f"/{name.lstrip('/')}" for name in names
    }
    named = {text.partition(".")[0] for text in texts(LAYOUT["configById"]) if text[:1] == "/"}
    assert named
    assert named <= known


def test_fields_are_those_of_the_result() -> None:
    fields = (ROOT / "msg" / "SegmentationResult.msg").read_text()
    for path in LAYOUT["configById"]["Plot!age"]["paths"]:
        assert f" {path['value'].partition('.')[2]} " in fields
