# SPDX-License-Identifier: Apache-2.0
"""All of `llmseg generate run`: images, drafts, checks, splits, files.

OUT/recipe.yaml, images.jsonl, replies.jsonl     what an interrupted run goes on from
OUT/data/                                        the data set, there as a whole or not at all
OUT/report.json, left_out.jsonl                  what was kept and left out, and why
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml
from tqdm import tqdm

from llmseg_core.config import RuntimeConfig
from llmseg_core.runtime.folder_lock import locked
from llmseg_core.runtime.whole_file import write_whole
from llmseg_core.runtime.whole_folder import written_whole

from .asking.draft import Draft
from .asking.drafts import describe, drafts_of
from .chat.asker import Asker
from .chat.budget import Budget, Spent
from .chat.model_config import ModelConfig
from .chat.open_model import open_model
from .chat.replies import ReplyStore
from .checks.balance import balanced
from .checks.rules import RuleBook, kept_by_rules
from .checks.verify import Verdict, judged
from .looking import Looker, Looks, looks_here
from .masks.mask_checks import MaskRules
from .masks.open_sam import open_masker
from .preparation import Preparation
from .prepared import PreparedImages, prepare
from .recipe import GenerateRecipe
from .result.card import data_card
from .result.finished import Finished, question_id
from .result.other_sets import OtherSets, read_other_sets
from .result.splits import image_splits, without_leaks
from .result.statistics import Numbers, numbers_of, plot_numbers
from .result.writer import PROVENANCE, target_mask, write_data
from .sources.source_image import SourceImage
from .tally import Tally

__all__ = ["DATA", "LEFT_OUT", "REPORT", "LooksElsewhere", "generate"]

LooksElsewhere = Callable[[Preparation, str | None, MaskRules], Looks]
"""Of how images are prepared, the model with SAM and the rules of masks: who looks at them."""

DATA, REPORT, LEFT_OUT = "data", "report.json", "left_out.jsonl"


def generate(
    recipe: GenerateRecipe,
    out: Path,
    runtime: RuntimeConfig,
    offline: bool = False,
    elsewhere: LooksElsewhere | None = None,
) -> dict[str, Any]:
    """Make a data set.

    Whatever ends it early, the same call goes on where it stopped: images that were prepared and
    replies that came are kept.

    Args:
        recipe: what to do.
        out: the folder; one process writes it at a time.
        runtime: device of SAM, and of models in this process.
        offline: whether replies come from earlier runs alone.
        elsewhere: lets others look at images and mask them; None does so in this process.

    Returns:
        The report, as `report.json` has it.

    Raises:
        ValueError: if the recipe cannot be followed, or the budget is spent.
        OSError: if a server is away, the disk is full, or another process writes the folder.
    """
    with locked(out):
        plain = recipe.to_dict()
        write_whole(out / "recipe.yaml", yaml.safe_dump(plain, sort_keys=False, allow_unicode=True))
        return _Run(recipe, out, runtime, offline, elsewhere).done()


class _Run:
    """One run; the stages follow one another in `done`."""

    def __init__(
        self,
        recipe: GenerateRecipe,
        out: Path,
        runtime: RuntimeConfig,
        offline: bool,
        elsewhere: LooksElsewhere | None,
    ) -> None:
        self.recipe, self.out, self.runtime, self.offline = recipe, out, runtime, offline
        self.elsewhere = elsewhere
        self.tally = Tally()
        self.lost: list[tuple[Draft, str]] = []
        self.drafted = 0

    def done(self) -> dict[str, Any]:
        recipe = self.recipe
        others = read_other_sets(recipe.splits.others)
        images = self._images(others)
        self.store = ReplyStore(self.out)
        self.budget = Budget(recipe.budget, self.store.spent)
        verdicts = self._verified(images, self._drafts(images))
        splits = image_splits(images.split_images, recipe.splits, recipe.seed)
        verdicts, leaks = without_leaks(
            verdicts, splits, recipe.splits, recipe.seed, others.questions
        )
        self._lose((each.draft, code) for each, code in leaks)
        verdicts, surplus = balanced(verdicts, recipe.balance, recipe.seed)
        self._lose((each.draft, code) for each, code in surplus)
        self._write_lost()
        if not verdicts:
            write_whole(self.out / REPORT, _json(self._report({})))
            raise ValueError(
                f"no question is left of {self.drafted}: {'; '.join(self.tally.lines())}. See "
                f"{self.out / LEFT_OUT}"
            )
        finished = [
            Finished(question_id(each.draft), splits[each.draft.image], each) for each in verdicts
        ]
        return self._written(images, finished)

    def _images(self, others: OtherSets) -> PreparedImages:
        recipe = self.recipe
        plain = recipe.to_dict()
        decisive = {key: plain[key] for key in ("sources", "regions", "masks", "sam")}
        preparation = Preparation(
            recipe.sources,
            recipe.regions,
            recipe.ask.template == "paper",
            recipe.seed,
            {**decisive, "others": plain["splits"]["others"]},
        )
        if self.elsewhere is None:
            masker = partial(open_masker, recipe.sam, recipe.masks, self.runtime)
            looks = looks_here(Looker(preparation, masker))
        else:
            looks = self.elsewhere(preparation, recipe.sam, recipe.masks)
        return prepare(self.out, preparation, looks, others, self.tally)

    def _asker(self, config: ModelConfig) -> Asker:
        model = None if self.offline else open_model(config, self.runtime)
        return Asker(model, config, self.store, self.budget, self.tally)

    def _drafts(self, images: PreparedImages) -> Iterator[tuple[SourceImage, list[Draft]]]:
        """Drafts that keep the rules, by image; those that do not are counted."""
        recipe = self.recipe
        asker = self._asker(recipe.asker)
        describer = asker if recipe.describer is None else self._asker(recipe.describer)
        described = describe(images, recipe.ask, describer)
        book = RuleBook(recipe.rules, images.other_names)
        drafted = drafts_of(images, described, recipe.ask, asker, recipe.seed)
        for image, drafts in tqdm(drafted, desc="questions", total=len(images), unit="image"):
            self.drafted += len(drafts)
            kept, lost = kept_by_rules(drafts, image, book)
            self._lose(lost)
            yield image, kept

    def _verified(
        self, images: PreparedImages, drafts: Iterator[tuple[SourceImage, list[Draft]]]
    ) -> list[Verdict]:
        recipe = self.recipe
        if recipe.verifier is None:
            return [Verdict(draft) for _, kept in drafts for draft in kept]
        kept = [(place, draft) for place, (_, some) in enumerate(drafts) for draft in some]
        asker = self._asker(recipe.verifier)
        asked = (
            (image, draft)
            for place, group in groupby(kept, key=lambda each: each[0])
            for image in (images[place],)
            for _, draft in group
        )
        good = []
        verdicts = judged(asked, recipe.verify, asker, recipe.seed)
        for verdict in tqdm(verdicts, desc="verified", total=len(kept), unit="question"):
            if verdict.code:
                self._lose([(verdict.draft, verdict.code)])
            else:
                good.append(verdict)
        return good

    def _lose(self, lost: Iterable[tuple[Draft, str]]) -> None:
        for draft, code in lost:
            self.lost.append((draft, code))
            self.tally.note("questions", code, f"{draft.image}: {draft.text}")

    def _write_lost(self) -> None:
        lines = [
            json.dumps(
                {
                    "code": code,
                    "image": draft.image,
                    "question": draft.text,
                    "kind": draft.kind.value,
                    "answer": draft.answer,
                    "regions": list(draft.regions),
                    "request": draft.origin.request,
                    "place": draft.origin.place,
                },
                ensure_ascii=False,
            )
            for draft, code in self.lost
        ]
        content = "".join(f"{line}\n" for line in lines)
        write_whole(self.out / LEFT_OUT, content.encode(errors="replace"))

    def _written(self, images: PreparedImages, finished: list[Finished]) -> dict[str, Any]:
        """Write data set, card and report."""
        numbers = numbers_of()
        sources: Counter[str] = Counter()
        places = {each.name: place for place, each in enumerate(images.split_images)}
        ordered = sorted(finished, key=lambda each: places[each.draft.image])

        def counted() -> Iterator[tuple[SourceImage, list[Finished]]]:
            for name, group in groupby(ordered, key=lambda each: each.draft.image):
                image, questions = images[places[name]], list(group)
                areas = [float(target_mask(image, each).mean()) for each in questions]
                numbers[questions[0].split].add(questions, areas)
                sources[image.source] += 1
                yield image, questions

        asked = len({each.draft.image for each in finished})
        with written_whole(self.out / DATA, PROVENANCE) as folder:
            write_data(folder, counted(), asked)
            plot_numbers(folder / "statistics.png", numbers)
            card = data_card(
                numbers,
                self.tally.plain(),
                (self.out / "recipe.yaml").read_text(encoding="utf-8"),
                _words(self.budget.spent),
                sources,
                self._models(),
            )
            (folder / "README.md").write_text(card, encoding="utf-8")
        report = self._report(numbers)
        write_whole(self.out / REPORT, _json(report))
        return report

    def _models(self) -> dict[str, str]:
        recipe = self.recipe
        named = {"asker": recipe.asker, "describer": recipe.describer, "verifier": recipe.verifier}
        if recipe.ask.describe == "none":
            named["describer"] = None
        return {role: config.name for role, config in named.items() if config is not None}

    def _report(self, numbers: dict[str, Numbers]) -> dict[str, Any]:
        spent = self.budget.spent
        return {
            "drafted": self.drafted,
            "splits": {split: each.plain() for split, each in numbers.items()},
            "left_out": self.tally.plain(),
            "spent": {"requests": spent.requests, "tokens": spent.tokens, "money": spent.money},
            "models": self._models(),
        }


def _json(report: dict[str, Any]) -> bytes:
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode(errors="replace")


def _words(spent: Spent) -> str:
    money = f", {spent.money:.2f} of money" if spent.money else ""
    return f"{spent.requests} requests, {spent.tokens} tokens{money}"
