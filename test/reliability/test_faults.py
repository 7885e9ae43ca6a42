# SPDX-License-Identifier: Apache-2.0
"""Each fault of `make faults`, once or twice."""

from __future__ import annotations

import pytest

from llmseg_ros.own_domain import own_network
from reliability.faults import FAULTS, run


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_survived_or_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in own_network().items():
        monkeypatch.setenv(variable, value)
    result = run([name], seed=0, rounds=0.5)["faults"][name]
    assert result["failures"] == []
    assert result["survived"] + result["refused"] == result["tries"] > 0
