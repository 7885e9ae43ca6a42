# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
import time

import pytest

from helpers.programs import is_running

SCRIPT = """
import os, signal, time
from llmseg_core.runtime.child_process import die_with_parent

parent = os.getpid()
child = os.fork()
if child == 0:
    {early}die_with_parent(parent)
    while os.getppid() == parent:
        time.sleep(0.01)
    {late}die_with_parent(parent)
    time.sleep(60)
    os._exit(0)
print(child, flush=True)
time.sleep(0.3)
os._exit(0)
"""


@pytest.mark.parametrize("asks", ["early", "late"])
def test_a_child_ends_with_its_parent(asks: str) -> None:
    """Also if the parent has ended before the child could ask for it."""
    script = SCRIPT.format(**{name: "" if name == asks else "# " for name in ("early", "late")})
    command = [sys.executable, "-c", script]
    child = int(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    end = time.monotonic() + 20
    while is_running(child):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_child_lives_as_long_as_its_parent() -> None:
    script = (
        "import os, time; from llmseg_core.runtime.child_process import die_with_parent; "
        "die_with_parent(os.getppid()); time.sleep(0.3); print('alive')"
    )
    command = [sys.executable, "-c", script]
    assert "alive" in subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
