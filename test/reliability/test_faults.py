# SPDX-License-Identifier: Apache-2.0
"""Each fault of `make faults`, once or twice."""

from __future__ import annotations

import pytest

from helpers.own_domain import own_domain
from reliability.faults import FAULTS, run


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_survived_or_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", own_domain())
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    result = run([name], seed=0, rounds=0.5)["faults"][name]
    assert result["failures"] == []
    assert result["survived"] + result["refused"] == result["tries"] > 0
