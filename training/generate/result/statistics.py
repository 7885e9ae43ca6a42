# SPDX-License-Identifier: Apache-2.0
"""The data set in numbers, as section 4.3 of the paper has them, with a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .finished import Finished
from .splits import SPLITS

__all__ = ["PAPER", "Numbers", "numbers_of", "plot_numbers"]

PAPER: dict[str, Any] = {
    "images": {"train": 11_000, "validation": 1_000, "test": 2_000},
    "questions_an_image": 3.95,
    "words": 15.2,
    "categories": 1458,
}
"""section 4.3; the averages and categories are those of the training split"""
_BARS = "#1f77b4"
_PAPER_LINE = "#d95f02"


@dataclass
class Numbers:
    """Counts of some questions.

    Attributes:
        images: how many are asked about.
        questions: how many there are.
        an_image: how many images have so many questions.
        words: how many questions have so many words.
        categories: how many questions have which answer; those that nothing fits left out.
        kinds: by kind.
        difficulties: by difficulty.
        targets: how many questions mean so many regions.
        areas: share of the image that each mask covers, [0, 1].
    """

    images: int = 0
    questions: int = 0
    an_image: Counter[int] = field(default_factory=Counter)
    words: Counter[int] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    difficulties: Counter[str] = field(default_factory=Counter)
    targets: Counter[int] = field(default_factory=Counter)
    areas: list[float] = field(default_factory=list)

    def add(self, questions: Sequence[Finished], areas: Sequence[float]) -> None:
        """Count the questions of one more image."""
        self.images += 1
        self.questions += len(questions)
        self.an_image[len(questions)] += 1
        self.areas += [float(area) for area in areas]
        for each in questions:
            draft = each.draft
            self.words[len(draft.text.split())] += 1
            self.kinds[draft.kind.value] += 1
            self.difficulties[each.verdict.difficulty.value] += 1
            self.targets[len(draft.regions)] += 1
            if not draft.nothing_fits:
                self.categories[draft.answer] += 1

    @property
    def questions_an_image(self) -> float:
        """On average; NaN without an image."""
        return self.questions / self.images if self.images else float("nan")

    @property
    def mean_words(self) -> float:
        """Of a question; NaN without one."""
        total = sum(count * words for words, count in self.words.items())
        return total / self.questions if self.questions else float("nan")

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "images": self.images,
            "questions": self.questions,
            "questions_an_image": self.questions_an_image if self.images else None,
            "words": self.mean_words if self.questions else None,
            "categories": len(self.categories),
            "kinds": dict(self.kinds.most_common()),
            "difficulties": dict(self.difficulties.most_common()),
            "nothing_share": self.kinds["nothing"] / self.questions if self.questions else None,
            "commonest": dict(self.categories.most_common(20)),
        }


def numbers_of() -> dict[str, Numbers]:
    """Empty counts of each split."""
    return {split: Numbers() for split in SPLITS}


def plot_numbers(path: Path, numbers: dict[str, Numbers]) -> None:
    """Write a picture of the training split beside the paper's averages; of all, if it is empty."""
    shown = numbers["train"]
    if not shown.questions:
        shown = max(numbers.values(), key=lambda each: each.questions)
    figure = Figure(figsize=(13, 7.5), layout="constrained")
    words, an_image, kinds, areas, categories, splits = figure.subplots(2, 3).ravel()
    _counts(words, shown.words, "words of a question", shown.mean_words, PAPER["words"])
    _counts(
        an_image, shown.an_image, "questions of an image", shown.questions_an_image,
        PAPER["questions_an_image"],
    )  # fmt: skip
    named = shown.kinds.most_common()
    kinds.barh([name for name, _ in named][::-1], [count for _, count in named][::-1], color=_BARS)
    kinds.set_title("kinds")
    areas.hist(100 * np.array(shown.areas), bins=40, color=_BARS)
    areas.set_title("share of the image that a mask covers, %")
    commonest = shown.categories.most_common(20)[::-1]
    categories.barh([name for name, _ in commonest], [count for _, count in commonest], color=_BARS)
    categories.tick_params(axis="y", labelsize=7)
    categories.set_title(
        f"commonest of {len(shown.categories)} answers (paper: {PAPER['categories']})"
    )
    places = np.arange(len(SPLITS))
    ours = [numbers[split].images for split in SPLITS]
    splits.bar(places - 0.2, ours, 0.4, color=_BARS, label="here")
    papers = [PAPER["images"][split] for split in SPLITS]
    splits.bar(places + 0.2, papers, 0.4, color=_PAPER_LINE, label="paper")
    splits.set_yscale("symlog")
    splits.set_xticks(places, SPLITS)
    splits.set_title("images")
    splits.legend()
    figure.savefig(path, dpi=110, format=path.suffix.removeprefix("."))


def _counts(axes: Any, counts: Counter[int], title: str, mean: float, paper: float) -> None:
    """Bars of how often each number is, with both means."""
    axes.bar(list(counts), list(counts.values()), color=_BARS)
    axes.axvline(mean, color="#222222", linewidth=1, label=f"here: {mean:.2f}")
    axes.axvline(paper, color=_PAPER_LINE, linestyle="--", label=f"paper: {paper}")
    axes.set_title(title)
    axes.legend()
