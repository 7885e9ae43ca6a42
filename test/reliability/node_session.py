# SPDX-License-Identifier: Apache-2.0
"""A node process under attack: started, watched, and started again when it is lost."""

from __future__ import annotations

import shutil
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import rclpy

from helpers.node_process import NodeProcess
from helpers.observer import Observer
from helpers.programs import NODE, programs
from helpers.small_model import save_small_model

from .cases import Case, case_random
from .checker_process import failure_text
from .depth_checks import ALL_NODE_CHECKS
from .file_checks import Pixels
from .node_checks import NodeCheck, logged_classes, same_class

__all__ = ["NodeSession"]

TELLING = 24
"""characters of a class that tell it from the others of its source"""


class NodeSession:
    """One node at a time with a small model, one thread, and what looks at it. A context manager.

    Attributes:
        node: the process that runs.
        restarts: how often it had to be started again.
    """

    node: NodeProcess

    def __init__(self, folder: Path) -> None:
        self.restarts = 0
        self._folder = folder
        self._stack = ExitStack()
        self._checks: dict[str, NodeCheck] = {}
        self._outputs: list[Path] = []

    def __enter__(self) -> NodeSession:
        save_small_model(self._folder / "model")
        shutil.copytree(self._folder / "model", self._folder / "damaged")
        rclpy.init()
        self._stack.callback(rclpy.try_shutdown)
        self._observer = Observer()
        self._stack.callback(self._observer.close)
        self._start = self._stack.enter_context(programs(self._folder))
        self._begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def check(self, kind: str) -> NodeCheck:
        """What sends cases of a kind to the process that runs."""
        if kind not in self._checks:
            self._checks[kind] = ALL_NODE_CHECKS[kind](self.node)
        return self._checks[kind]

    def failure_of(self, kind: str, cases: list[Case]) -> str:
        """What went wrong with these cases, "" if nothing did; then the node is a new one."""
        try:
            self.check(kind).try_all(cases)
            if self.node.is_alive():
                return ""
            failure = "the node does not answer any more"
        except (AssertionError, TimeoutError, RuntimeError) as error:
            failure = failure_text(error)
        if not self.node.program.is_running():
            failure = f"the node's process ended with status {self.node.program.end()}"
        self.node.program.kill()
        self.node.close()
        self.restarts += 1
        self._begin()
        return failure

    def logged(self) -> tuple[Counter[str], int]:
        """Classes of what the newest process has logged, and the lines of its output."""
        output = self.node.program.output
        return logged_classes(output), len(output.splitlines())

    def missing_classes(self, seed: int, count: int, first: int) -> list[str]:
        """Reasons for which images of these cases are refused and which the node has not logged."""
        pixels = Pixels(self._folder)
        reasons = set()
        for number in range(first, first + count):
            case = self.check("images").generate(case_random(seed, "images", number))
            reasons.add(pixels.check(case))
        logged = {name[:TELLING] for name in self.logged()[0]}  # a long text is cut in the log
        wanted = {same_class(f"/image: {reason}")[:TELLING] for reason in reasons - {""}}
        return sorted(wanted - logged)

    def _begin(self) -> None:
        self._checks = {}
        values = (
            f"model:={self._folder / 'model'}",
            "threads:=1",
            "max_waiting:=64",
            "depth_topic:=depth",
        )
        arguments = [part for value in values for part in ("-p", value)]
        program = self._start(*NODE, "--ros-args", *arguments)
        self.node = NodeProcess(self._observer, program)
        self.node.assert_works(1)
