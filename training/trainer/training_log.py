# SPDX-License-Identifier: Apache-2.0
"""The log of a training: means since the last line, for people, trackers and checkpoints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from types import TracebackType

from accelerate.utils import gather_object
from torch import Tensor
from tqdm import tqdm

from .plan import TrainingPlan
from .processes import processes
from .trackers import start_trackers

__all__ = ["TrainingLog"]


class TrainingLog:
    """Lines under a progress bar, in the plan's trackers and in `history`; one process writes.

    Args:
        plan: says where the log goes.
        history: lines of an interrupted training.
        step: steps that were taken before.
    """

    def __init__(self, plan: TrainingPlan, history: list[dict[str, float]], step: int) -> None:
        self.history = history
        self._main = processes().is_main_process
        self._trackers = (
            start_trackers(plan.report_to, plan.folder, plan.recipe) if self._main else []
        )
        self._bar = tqdm(initial=step, total=plan.steps, disable=not self._main, dynamic_ncols=True)
        self._noted: defaultdict[str, list[Tensor]] = defaultdict(list)

    def __enter__(self) -> TrainingLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()
        for tracker in self._trackers:
            tracker.finish()

    def note(self, values: Mapping[str, Tensor]) -> None:
        """Remember scalars of one batch until the next `means`."""
        for name, value in values.items():
            self._noted[name].append(value.detach())

    def means(self) -> dict[str, float]:
        """Of everything that all processes have noted since the last call."""
        own = {name: (sum(map(float, values)), len(values)) for name, values in self._noted.items()}
        self._noted.clear()
        noted: list[dict[str, tuple[float, int]]] = gather_object([own])
        names = dict.fromkeys(name for each in noted for name in each)
        pairs = {name: [each[name] for each in noted if name in each] for name in names}
        return {
            name: sum(total for total, _ in found) / sum(count for _, count in found)
            for name, found in pairs.items()
        }

    def write(self, group: str, values: Mapping[str, float], step: int) -> None:
        """Add a line.

        Args:
            group: for trackers: "train" or "eval".
            values: by name.
            step: that they belong to.
        """
        self.history.append({**values, "step": step})
        if not self._main:
            return
        named = {f"{group}/{name.removeprefix('eval_')}": value for name, value in values.items()}
        for tracker in self._trackers:
            tracker.log(named, step=step)
        self._bar.write(" ".join(f"{name} {value:.4g}" for name, value in values.items()))

    def advance(self) -> None:
        """Move the progress bar by a step."""
        self._bar.update()
