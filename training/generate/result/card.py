# SPDX-License-Identifier: Apache-2.0
"""The data set's card: what is in it, how it was made, what was thrown out, what it is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .statistics import PAPER, Numbers

__all__ = ["data_card"]

_TERMS = {
    "lvis": "annotations CC BY 4.0; COCO's images belong to their photographers on Flickr",
    "coco": "annotations CC BY 4.0; the images belong to their photographers on Flickr",
    "ego_objects": "EgoObjects v1.0: see its licence",
    "visor": "EPIC-KITCHENS VISOR is CC BY-NC 4.0: no commercial use",
}


def data_card(
    numbers: Mapping[str, Numbers],
    left_out: Mapping[str, Any],
    recipe: str,
    spent: str,
    sources: Mapping[str, int],
    models: Mapping[str, str],
    review: str = "",
) -> str:
    """Markdown.

    Args:
        numbers: of each split.
        left_out: from `Tally.plain`.
        recipe: YAML.
        spent: on requests, tokens and money, in words.
        sources: images by the source that gave them.
        models: who asked, described and verified, by role.
        review: what people said of it, in words; "" if nobody looked yet.
    """
    train = numbers["train"]
    kinds = sorted({kind for each in numbers.values() for kind in each.kinds})
    lines = [
        "# A reasoning segmentation data set",
        "",
        "Images with questions and the masks that answer them, in LLM-Seg40K's JSON "
        "(`LLMSeg-40K/*.json`) and as folders (`folder/*`). Made by `llmseg generate`: language "
        "models wrote the questions, rules and a second model threw out what they could.",
        "",
        "| | " + " | ".join(numbers) + " | paper |",
        "| --- |" + " --- |" * (len(numbers) + 1),
        _row("images", [str(each.images) for each in numbers.values()],
             " / ".join(f"{count}" for count in PAPER["images"].values())),
        _row("questions", [str(each.questions) for each in numbers.values()], ""),
        _row("questions an image", [_mean(each.questions_an_image) for each in numbers.values()],
             f"{PAPER['questions_an_image']}"),
        _row("words a question", [_mean(each.mean_words) for each in numbers.values()],
             f"{PAPER['words']}"),
        _row("different answers", [str(len(each.categories)) for each in numbers.values()],
             f"{PAPER['categories']}"),
        *(
            _row(kind, [str(each.kinds[kind]) for each in numbers.values()], "")
            for kind in kinds
        ),
        "",
        "![numbers of the training split](statistics.png)",
        "",
        "## Sources",
        "",
        *(f"- {name}: {count} images{_term(name)}" for name, count in sources.items()),
        "",
        "The questions carry the terms of the images and of the models that wrote them.",
        "",
        "## Models",
        "",
        *(f"- {role}: {name}" for role, name in models.items()),
        f"- spent: {spent}",
        "",
        "## Left out",
        "",
        "| stage | reason | count |",
        "| --- | --- | --- |",
        *(
            f"| {stage} | {reason} | {found['count']} |"
            for stage, reasons in left_out.items()
            for reason, found in reasons.items()
        ),
        "",
        "## Checked by people",
        "",
        review or "Nobody looked at it yet: open `review.html` beside this folder.",
        "",
        "## What it is not",
        "",
        "Questions that rules and the second model let pass can still be wrong; the accept rate "
        "above says how many. " + _unverified(train, models),
        "`provenance.jsonl` has the request, model, votes and difficulty of each question.",
        "",
        "## Recipe",
        "",
        "```yaml",
        recipe.strip(),
        "```",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _row(name: str, values: list[str], paper: str) -> str:
    return f"| {name} | {' | '.join(values)} | {paper} |"


def _mean(value: float) -> str:
    return "" if value != value else f"{value:.2f}"


def _term(source: str) -> str:
    term = _TERMS.get(source.partition("/")[0], "")
    return f" ({term})" if term else ""


def _unverified(train: Numbers, models: Mapping[str, str]) -> str:
    if "verifier" in models:
        return (
            "A second model shares mistakes with the first where they learnt from the same text. "
        )
    return "No second model verified the answers. "
