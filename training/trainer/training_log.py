# SPDX-License-Identifier: Apache-2.0
"""The log of a training: means since the last line, for people, TensorBoard and checkpoints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from accelerate.utils import gather_object
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from .processes import processes

__all__ = ["TrainingLog"]


class TrainingLog:
    """Lines under a progress bar, in `folder/logs` and in `history`; the first process writes.

    Args:
        folder: of the training.
        history: lines of an interrupted training.
        step: steps that were taken before.
        steps: of the whole training.
    """

    def __init__(
        self, folder: Path, history: list[dict[str, float]], step: int, steps: int
    ) -> None:
        self.history = history
        main = processes().is_main_process
        self._writer = SummaryWriter(str(folder / "logs")) if main else None
        self._bar = tqdm(initial=step, total=steps, disable=not main, dynamic_ncols=True)
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
        if self._writer is not None:
            self._writer.close()

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
            group: TensorBoard's: "train" or "eval".
            values: by name.
            step: that they belong to.
        """
        self.history.append({**values, "step": step})
        if self._writer is None:
            return
        for name, value in values.items():
            self._writer.add_scalar(f"{group}/{name.removeprefix('eval_')}", value, step)
        self._writer.flush()
        self._bar.write(" ".join(f"{name} {value:.4g}" for name, value in values.items()))

    def advance(self) -> None:
        """Move the progress bar by a step."""
        self._bar.update()
