# SPDX-License-Identifier: Apache-2.0
"""A run's report in lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["report_text"]


def report_text(report: Mapping[str, Any]) -> str:
    """What was kept and what was left out, the commonest reasons first."""
    lines = [f"{report['drafted']} questions were written"]
    for split, each in report["splits"].items():
        if each["questions"]:
            lines.append(
                f"  {split}: {each['images']} images, {each['questions']} questions "
                f"({each['questions_an_image']:.2f} an image, {each['words']:.1f} words, "
                f"{each['categories']} different answers)"
            )
    for stage, reasons in report["left_out"].items():
        lines.append(
            f"{stage} left out or failed: {sum(each['count'] for each in reasons.values())}"
        )
        lines += [f"  {each['count']} x {reason}" for reason, each in reasons.items()]
    spent = report["spent"]
    lines.append(f"spent: {spent['requests']} requests, {spent['tokens']} tokens"
                 + (f", {spent['money']:.2f} of money" if spent["money"] else ""))  # fmt: skip
    return "\n".join(lines)
