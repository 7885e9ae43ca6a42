# SPDX-License-Identifier: Apache-2.0
"""Precision and recall of every check, on rendered scenes: `llmseg generate measure`.

Recall is the share of planted errors that a check notices. Precision is the share of what it
notices that is an error, where there are as many good ones as planted ones.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from llmseg_core.config import RuntimeConfig
from llmseg_core.runtime.whole_file import write_whole

from ...data.scene_data import render_scenes
from ..asking.draft import Draft
from ..checks.rules import RULES, QuestionRules, RuleBook, kept_by_rules
from ..checks.verify import Verdict
from ..masks.mask_checks import MaskRules
from ..masks.open_sam import open_masker
from ..result.splits import SplitRules, without_leaks
from ..sources.other_sources import SceneSource
from .mask_measures import drawn_counts, swapped_counts
from .planted import PLANTS, Scene, good_drafts
from .votes import voted_counts

__all__ = ["BAR", "Counts", "Measured", "measure"]

BAR = (0.9, 0.95)
"""recall and precision that rules and checks of masks must reach"""


@dataclass(frozen=True)
class Counts:
    """What a check said of planted errors and of good ones.

    Attributes:
        noticed, planted: errors.
        refused, good: what is right.
        barred: whether the check must reach `BAR`; else it is reported alone.
    """

    noticed: int
    planted: int
    refused: int
    good: int
    barred: bool = True

    @property
    def recall(self) -> float:
        """Share of the errors that were noticed; NaN without any."""
        return self.noticed / self.planted if self.planted else float("nan")

    @property
    def precision(self) -> float:
        """Share of errors among what was noticed, with as many good ones as errors."""
        hit, miss = self.recall, self.refused / self.good if self.good else 0.0
        return hit / (hit + miss) if hit + miss else float("nan")

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        rates = {"recall": self.recall, "precision": self.precision}
        whole = {name: None if rate != rate else rate for name, rate in rates.items()}
        return {**asdict(self), **whole}

    @property
    def passes(self) -> bool:
        """Whether it reaches the bar, or need not."""
        return not self.barred or (self.recall >= BAR[0] and self.precision >= BAR[1])


@dataclass(frozen=True)
class Measured:
    """All checks by name."""

    counts: dict[str, Counts]
    scenes: int
    seed: int

    @property
    def passes(self) -> bool:
        """Whether all that must reach the bar do."""
        return all(each.passes for each in self.counts.values())

    def text(self) -> str:
        """A table."""
        lines = [
            f"{self.scenes} rendered test scenes, seed {self.seed}; bar: recall {BAR[0]}, "
            f"precision {BAR[1]}",
            "| check | planted | noticed | recall | good | refused | precision | |",
            "| --- | --- | --- | --- | --- | --- | --- | --- |",
        ]
        for name, each in self.counts.items():
            state = "not judged" if not each.barred else "passes" if each.passes else "FAILS"
            lines.append(
                f"| {name} | {each.planted} | {each.noticed} | {each.recall:.3f} | {each.good} | "
                f"{each.refused} | {each.precision:.3f} | {state} |"
            )
        return "\n".join(lines)


def measure(
    out: Path, root: Path, count: int, seed: int, sam: str | None, runtime: RuntimeConfig,
    split: str = "test",
) -> Measured:  # fmt: skip
    """Plant errors in questions about scenes and masks, and see who notices.

    Args:
        out: gets `measure.json` and `missed.jsonl`, the questions that were judged wrongly.
        root: folder of rendered scenes; missing ones are rendered.
        count: of scenes.
        seed: of all draws.
        sam: model directory whose SAM draws masks of boxes; None leaves that out.
        runtime: where it runs.
        split: of the scenes and wordings: "test" to report, "val" to work on the filters.
    """
    render_scenes(root, split, count)
    source = SceneSource(root, split)
    book = RuleBook(QuestionRules(), source.other_names)
    scenes = []
    for position in tqdm(range(min(count, len(source))), desc="scenes", unit="scene"):
        image = source[position]
        rng = np.random.default_rng([seed, position])
        good = good_drafts(source.scenes, position, image, split, rng)
        scenes.append(Scene(image, good, split, rng))
    missed: list[dict[str, object]] = []
    counts = {name: _rule_counts(name, scenes, book, missed) for name in RULES}
    counts |= _crowd_counts(scenes, book, seed, missed)
    counts |= {
        name: Counts(*found)
        for name, found in swapped_counts([each.image for each in scenes], seed).items()
    }
    if sam is not None:
        masker = open_masker(sam, MaskRules(), runtime)
        assert masker.prompted is not None
        images = [each.image for each in scenes]
        for name, (found, barred) in drawn_counts(images, masker.prompted, seed).items():
            counts[name] = Counts(*found, barred=barred)
    for name, found in voted_counts(scenes, seed).items():
        counts[name] = Counts(*found, barred=False)
    measured = Measured(counts, len(scenes), seed)
    plain = {name: each.plain() for name, each in counts.items()}
    write_whole(out / "measure.json", json.dumps(plain, indent=2) + "\n")
    lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in missed)
    write_whole(out / "missed.jsonl", lines)
    return measured


def _rule_counts(
    name: str, scenes: Sequence[Scene], book: RuleBook, missed: list[dict[str, object]]
) -> Counts:
    """One rule on all questions, each as it is and with the rule's own error planted."""
    rule, plant = RULES[name], PLANTS[name]
    noticed = planted = refused = good = 0
    for scene in scenes:
        for draft in scene.good:
            wrong = rule(draft, scene.image, book)
            good, refused = good + 1, refused + wrong
            if wrong:
                missed.append({"rule": name, "refused": draft.text, "answer": draft.answer})
            bad = plant(scene, draft)
            if bad is None:
                continue
            hit = rule(bad, scene.image, book)
            planted, noticed = planted + 1, noticed + hit
            if not hit:
                missed.append({"rule": name, "not_noticed": bad.text, "answer": bad.answer})
    return Counts(noticed, planted, refused, good)


def _crowd_counts(
    scenes: Sequence[Scene], book: RuleBook, seed: int, missed: list[dict[str, object]]
) -> dict[str, Counts]:
    """What is about several questions: alike in an image or across splits, many of one target."""
    alike = many = across = images = 0
    refused = {"alike": 0, "too_many": 0, "alike_across_splits": 0}
    rng = np.random.default_rng(seed)
    for scene in scenes:
        fine = [each for each in scene.good if not any(
            rule(each, scene.image, book) for rule in RULES.values())]  # fmt: skip
        if len(fine) < 2 or not fine[0].regions:
            continue
        images += 1
        _, lost = kept_by_rules(fine[:2], scene.image, book)
        for _, code in lost:
            refused[code] = refused.get(code, 0) + 1
        first = fine[0]
        _, lost = kept_by_rules([first, _reworded(first, rng)], scene.image, book)
        alike += any(code == "alike" for _, code in lost)
        thrice = [_with(first, text) for text in (first.text, *_OTHER_WORDS)]
        _, lost = kept_by_rules(thrice, scene.image, book)
        many += any(code == "too_many" for _, code in lost)
        held = Verdict(_with(first, first.text, "held out"))
        copy = Verdict(_with(_reworded(first, rng), "", "train"))
        other = Verdict(_with(fine[1], fine[1].text, "train"))
        splits = {"held out": "test", "train": "train"}
        _, leaks = without_leaks([held, copy], splits, SplitRules(), seed)
        across += bool(leaks)
        _, leaks = without_leaks([held, other], splits, SplitRules(), seed)
        refused["alike_across_splits"] += bool(leaks)
        if leaks:
            missed.append({"rule": "alike_across_splits", "refused": fine[1].text,
                           "answer": first.text})  # fmt: skip
    return {
        "alike": Counts(alike, images, refused["alike"], images),
        "too_many": Counts(many, images, refused["too_many"], images),
        "alike_across_splits": Counts(across, images, refused["alike_across_splits"], images),
    }


_OTHER_WORDS = (
    "My grandmother would have wanted this for Sunday afternoon.",
    "Nothing else on this table helps me with my little problem.",
)


def _with(draft: Draft, text: str, image: str = "") -> Draft:
    origin = draft.origin
    return Draft(
        image or draft.image, text or draft.text, draft.kind, draft.answer, draft.regions, origin
    )


def _reworded(draft: Draft, rng: np.random.Generator) -> Draft:
    """The same with a word more or less, as models write variants."""
    said = draft.text.split()
    if len(said) > 6 and rng.random() < 0.5:
        said.pop(int(rng.integers(len(said))))
    else:
        said.insert(0, ("Please,", "Now,", "Well,", "So")[int(rng.integers(4))])
    return _with(draft, " ".join(said))
