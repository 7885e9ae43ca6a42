# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys

from llmseg_ros.own_domain import DOMAINS, own_domain

SAY = "from llmseg_ros.own_domain import own_domain; print(own_domain()); print(own_domain())"


def test_no_two_programs_get_the_same_domain() -> None:
    """Also where their numbers agree in the last two places: here it is one process that asks."""
    mine, others = own_domain(), [own_domain.__wrapped__() for _ in range(3)]
    assert len({mine, *others}) == 4
    assert {int(each) for each in (mine, *others)} <= set(DOMAINS)
    said = subprocess.run(
        [sys.executable, "-c", SAY], capture_output=True, text=True, check=True
    ).stdout
    first, second = said.split()
    assert first == second  # one program keeps its own
    assert first not in (mine, *others)
