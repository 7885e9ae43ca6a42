# SPDX-License-Identifier: Apache-2.0
"""Whether a training may go on in a folder that another one was begun in.

WORK/recipe.yaml    what is trained, as it was begun or last went on
WORK/inputs.json    digests of the model and of the data's sample names, which know them elsewhere

Both are written when the training begins in earnest, and bind from its first checkpoint on: a start
that failed leaves nothing that a better one must agree with.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from llmseg_core.model_dir.weights_digest import model_digest
from llmseg_core.runtime.whole_file import write_whole

from ..data import ImageData
from ..data.plain_json import read_json
from ..trainer.checkpoints import last_checkpoint, step_of
from .inputs import AdapterInputs
from .recipe import AdapterRecipe, load_adapter_recipe

__all__ = ["WorkFolder"]

RECIPE_FILE, INPUTS_FILE = "recipe.yaml", "inputs.json"
FREE = (
    *("workers", "gradient_checkpointing", "attention", "log_steps", "save_steps", "report_to"),
    *("validate_steps", "patience", "broken", "proposals", "validation_proposals", "begin_with"),
)
"""what changes how a training runs, what is written of it, or which samples stop it, but not what
its steps learn from good samples; stored proposals know themselves whose they are"""
PLACES = ("model", "data", "validation")
"""what may lie elsewhere than when the training began, if its digest is the same"""


class WorkFolder:
    """The folder of a training by a recipe.

    Args:
        folder: of the training.
        recipe: what is trained.
        inputs: of the recipe.
        processes: how many train together.
    """

    def __init__(
        self, folder: Path, recipe: AdapterRecipe, inputs: AdapterInputs, processes: int
    ) -> None:
        self.folder, self.recipe, self.processes = folder, recipe, processes
        self.digests = {
            "model": model_digest(recipe.model),
            "data": _names_digest(inputs.data),
            "validation": None if inputs.validation is None else _names_digest(inputs.validation),
        }

    @property
    def has_begun(self) -> bool:
        """Whether steps have been taken that a training goes on from."""
        return last_checkpoint(self.folder) is not None or (self.folder / "best").exists()

    def check(self) -> None:
        """Refuse to go on with what another recipe began, if that changes the result.

        Other changes are told.

        Raises:
            ValueError: naming each such value, and what it was.
        """
        file = self.folder / RECIPE_FILE
        if not self.has_begun or not file.is_file():
            return
        stored = load_adapter_recipe(file)  # what an older file does not name has its default
        before, now = self._plain(stored), self._plain(self.recipe)
        other = [key for key in now if before[key] != now[key]]
        bad = [key for key in other if key not in FREE and not self._is_same(key, before, now)]
        if bad:
            differences = ", ".join(f"{key} {before[key]}, not {now[key]}" for key in bad)
            raise ValueError(
                f"the training in {self.folder} was begun with {differences}: take another "
                f"--work, or remove that folder"
            )
        if other:
            changes = ", ".join(f"{key} {now[key]}, not {before[key]}" for key in other)
            print(f"the training in {self.folder} goes on with {changes}", file=sys.stderr)

    def keep(self) -> None:
        """Note what is trained."""
        text = yaml.safe_dump(self.recipe.to_dict(), sort_keys=False)
        write_whole(self.folder / RECIPE_FILE, text)
        write_whole(self.folder / INPUTS_FILE, json.dumps(self.digests, indent=2))

    def _plain(self, recipe: AdapterRecipe) -> dict[str, Any]:
        """A recipe's values; however it is said, the batch of a step is the same thing."""
        steps = recipe.batches_a_step(self.processes)
        plain = replace(recipe, global_batch=None, accumulation=steps).to_dict()
        return {**plain, "accumulation": steps * self.processes}

    def _is_same(self, key: str, before: dict[str, Any], now: dict[str, Any]) -> bool:
        """Whether a value says the same in other words, or may be changed by now."""
        if key == "steps":
            done = last_checkpoint(self.folder)
            return done is None or int(now[key]) >= step_of(done)
        if key not in PLACES or None in (before[key], now[key]):
            return False
        file = self.folder / INPUTS_FILE
        return file.is_file() and read_json(file).get(key) == self.digests[key]


def _names_digest(data: ImageData) -> str:
    """16 hexadecimal digits of the names of a data set's samples, in order."""
    code = hashlib.blake2b(digest_size=8)
    for index in range(len(data)):
        code.update(data.sample_name(index).encode(errors="surrogatepass") + b"\0")
    return code.hexdigest()
