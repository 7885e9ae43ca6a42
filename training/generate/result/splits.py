# SPDX-License-Identifier: Apache-2.0
"""Which images are for training and which are held out, so that nothing leaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from llmseg_core.config.limits import AtLeast, Between
from llmseg_core.config.settings import Settings
from llmseg_core.config.values import require

from ..checks.alike_texts import AlikeTexts
from ..checks.verify import Verdict
from ..sources.picture_hash import AlikePictures

__all__ = ["SPLITS", "SplitImage", "SplitRules", "image_splits", "without_leaks"]

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class SplitRules(Settings):
    """How images are shared out."""

    train: Annotated[float, AtLeast(0)] = 11.0
    validation: Annotated[float, AtLeast(0)] = 1.0
    test: Annotated[float, AtLeast(0)] = 2.0
    """shares of the images; the paper has 11K, 1K and 2K"""
    held_out_categories: Annotated[float, Between(0, 0.9)] = 0.0
    """share of the categories that only test asks about"""
    most_alike: Annotated[float, Between(0.01, 1)] = 0.7
    """ROUGE-L of two questions, from which they may not be in different splits"""
    others: tuple[str, ...] = ()
    """data sets that models are judged on, such as reason_seg:datasets:val: no image and no
    question of theirs may be in any split"""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.train + self.validation + self.test > 0,
            "train",
            self.train,
            "above 0, or validation or test must be",
        )


@dataclass(frozen=True)
class SplitImage:
    """What of an image decides which others must be in its split.

    Attributes:
        name: unique.
        video: which one it is a frame of; "" if none.
        hash: see `picture_hash`.
    """

    name: str
    video: str
    hash: int


def image_splits(images: Sequence[SplitImage], rules: SplitRules, seed: int) -> dict[str, str]:
    """The split of each image by name.

    Frames of one video stay together, and images that look alike do; all that hangs together is
    shared out as one, in random order, to the split that lacks most.
    """
    leader = {image.name: image.name for image in images}

    def find(name: str) -> str:
        while leader[name] != name:
            leader[name] = leader[leader[name]]
            name = leader[name]
        return name

    videos: dict[str, str] = {}
    seen = AlikePictures()
    for image in images:
        if image.video:
            leader[find(image.name)] = find(videos.setdefault(image.video, image.name))
        alike = seen.like(image.hash)
        if alike is not None:
            leader[find(image.name)] = find(alike)
        seen.add(image.hash, image.name)
    groups: dict[str, list[str]] = {}
    for image in images:
        groups.setdefault(find(image.name), []).append(image.name)
    listed = list(groups.values())
    order = np.random.default_rng(seed).permutation(len(listed))
    shares = {split: float(getattr(rules, split)) for split in SPLITS}
    total = sum(shares.values())
    lacking = {split: len(images) * share / total for split, share in shares.items()}
    found: dict[str, str] = {}
    for place in order:
        group = listed[int(place)]
        split = max(SPLITS, key=lambda each: (lacking[each], -SPLITS.index(each)))
        lacking[split] -= len(group)
        found.update(dict.fromkeys(group, split))
    return found


def without_leaks(
    verdicts: Sequence[Verdict],
    splits: Mapping[str, str],
    rules: SplitRules,
    seed: int,
    elsewhere: Sequence[tuple[str, str]] = (),
) -> tuple[list[Verdict], list[tuple[Verdict, str]]]:
    """The questions that may stay, and the others with a code each.

    Of two that are alike in different splits the one in test stays before that in validation,
    and that before the one in train.

    Args:
        verdicts: all good questions.
        splits: of images, by name.
        rules: see there.
        seed: draws the categories that are held out.
        elsewhere: texts of other data sets, with a name for each.

    Returns:
        Kept, in their order; and lost, with "alike_across_splits", "alike_to_other_set" or
        "held_out_category".
    """
    texts = [each.draft.text for each in verdicts]
    corpus = [*texts, *(text for text, _ in elsewhere)]
    others = AlikeTexts(corpus, rules.most_alike)
    for text, name in elsewhere:
        others.add(text, name)
    held_out = _held_out(verdicts, rules, seed)
    seen = {split: AlikeTexts(corpus, rules.most_alike) for split in SPLITS}
    lost: dict[int, str] = {}
    for split in reversed(SPLITS):
        for place, verdict in enumerate(verdicts):
            draft = verdict.draft
            if splits[draft.image] != split:
                continue
            if split != "test" and draft.answer in held_out:
                lost[place] = "held_out_category"
            elif others.like(draft.text) is not None:
                lost[place] = "alike_to_other_set"
            elif any(seen[each].like(draft.text) for each in SPLITS if each != split):
                lost[place] = "alike_across_splits"
            else:
                seen[split].add(draft.text, draft.image)
    kept = [verdict for place, verdict in enumerate(verdicts) if place not in lost]
    return kept, [(verdicts[place], code) for place, code in sorted(lost.items())]


def _held_out(verdicts: Sequence[Verdict], rules: SplitRules, seed: int) -> frozenset[str]:
    answers = sorted({each.draft.answer for each in verdicts if not each.draft.nothing_fits})
    count = round(rules.held_out_categories * len(answers))
    drawn = np.random.default_rng([seed, 1]).permutation(len(answers))[:count]
    return frozenset(answers[int(each)] for each in drawn)
