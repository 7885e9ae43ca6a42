# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys


def test_the_command_prints_as_many_instructions_as_asked() -> None:
    command = [sys.executable, "-m", "llmseg_training.questions", "--split", "test", "--count", "7"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 7
    assert all(" -> " in line for line in lines)
