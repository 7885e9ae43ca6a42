# SPDX-License-Identifier: Apache-2.0
"""Some hundred malformed files and images of each kind, and the means by which they are found.

Those for a living node are in `test/ros/node/test_survival.py`; `make fuzz` tries thousands.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from reliability import checker_process, file_checks
from reliability.cases import Case, case_random, shrunk
from reliability.checker_process import CheckerProcess
from reliability.depth_checks import ALL_NODE_CHECKS
from reliability.file_checks import FileCheck
from reliability.fuzz import SHARES, fuzz_files
from reliability.malformed_messages import damaged_message
from reliability.node_checks import logged_classes, same_class

COUNTS = {"pixels": 500, "compressed": 500, "run-lengths": 500, "model-yaml": 60, "data-lines": 100}
SEED = 3


@pytest.mark.parametrize("kind", COUNTS)
def test_malformed_input_is_refused_with_a_reason(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_checks, "MOST_LOADED", 2)
    check = file_checks.file_checks()[kind](tmp_path)
    assert check.check(check.base) == ""
    refused = 0
    for number in range(COUNTS[kind]):
        case = check.generate(case_random(SEED, kind, number))
        try:
            refused += bool(check.check(case))
        except Exception as error:
            pytest.fail(f"{type(error).__name__}: {error}\ncase {number} of seed {SEED}: {case!r}")
    assert 0.5 < refused / COUNTS[kind] < 1  # they are malformed, and some are not


def test_every_kind_has_its_share() -> None:
    assert {*file_checks.file_checks(), *ALL_NODE_CHECKS} == set(SHARES)
    assert sum(SHARES.values()) == pytest.approx(1)


def test_bytes_that_no_node_survives_are_left_out() -> None:
    for number in range(3000):
        data = damaged_message(case_random(0, "raw-images", number), bytes(range(40)))["data"]
        assert len(data) < 4 or len(data) - 4 >= data[3] & 3


def test_a_case_comes_from_seed_kind_and_number_alone(tmp_path: Path) -> None:
    check = file_checks.file_checks()["run-lengths"](tmp_path)
    cases = [check.generate(case_random(5, "run-lengths", number)) for number in range(20)]
    assert repr(check.generate(case_random(5, "run-lengths", 7))) == repr(cases[7])
    assert len({repr(case) for case in cases}) > 15


def test_a_harmful_case_is_made_small() -> None:
    def fails(case: Case) -> bool:
        return "\0" in case["text"] and case["height"] > 5

    base = {"text": "mug", "height": 1, "width": 2, "data": b""}
    harmful = {"text": "a long text with a \0 in it", "height": 9, "width": 7, "data": b"abc"}
    assert shrunk(harmful, base, fails, tries=200) == {**base, "text": "\0", "height": 9}


class Harmful(FileCheck):
    """Ends its process, or hangs it, or raises."""

    base: Case = {"does": "nothing", "other": 0}  # noqa: RUF012

    def generate(self, choose: object) -> Case:
        return {"does": "end", "other": 3}

    def check(self, case: Case) -> str:
        if case["does"] == "end":
            os.kill(os.getpid(), signal.SIGKILL)
        if case["does"] == "raise":
            raise KeyError(case["other"])
        return "refused" if case["does"] == "refuse" else ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the process is forked to be quick")
def test_a_case_that_ends_the_process_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checker_process, "START", "fork")
    monkeypatch.setattr(checker_process, "ANSWERS_S", 0.1)
    monkeypatch.setattr(file_checks, "file_checks", lambda: {"harmful": Harmful})
    with CheckerProcess() as checker:
        assert checker.check("harmful", {"does": "nothing", "other": 0}) == ("", "")
        assert checker.check("harmful", {"does": "refuse", "other": 0}) == ("refused", "")
        assert checker.check("harmful", {"does": "raise", "other": 0})[1].startswith("KeyError: #")
        found = fuzz_files(checker, Harmful(tmp_path), "harmful", seed=0, count=3)
        assert found.failures == {"the process ended with status -9": {"does": "end", "other": 0}}
        assert found.restarts >= 3
        assert checker.check("harmful", {"does": "nothing", "other": 0}) == ("", "")


LOG = """\
[INFO] [1795668403.405411906] [llmseg]: loading the model x on cpu
[ERROR] [1795668406.1] [llmseg]: /image: unknown encoding 'a
b': supported are mono8 (logged once)
[WARN] [1795668406.2] [rcl]: something (logged once)
[ERROR] [1795668406.3] [llmseg]: /image: unknown encoding 'c': supported are mono8 (logged once; 2 \
errors before it were too many to be logged)
Traceback
[WARN] [1795668406.4] [llmseg]: ~/segment has no result: 7 requests wait (logged once)
"""


def test_classes_are_counted_in_a_log() -> None:
    assert logged_classes(LOG) == {
        "/image: unknown encoding #: supported are mono#": 2,
        "~/segment has no result: # requests wait": 1,
    }
    assert same_class("/image: width 7 of 'x'") == same_class("/image: width 8 of 'y'")
