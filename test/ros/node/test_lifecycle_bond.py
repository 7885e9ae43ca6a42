# SPDX-License-Identifier: Apache-2.0
"""The bond with nav2's lifecycle manager, whose side is taken here as nav2 takes it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from helpers.observer import Observer
from helpers.segmentation_rig import SegmentationRig
from helpers.small_model import save_small_model

with_bondpy = pytest.mark.skipif(
    find_spec("bondpy") is None, reason="bondpy comes with ROS distributions"
)


@pytest.fixture
def rig(observer: Observer, tmp_path: Path) -> SegmentationRig:
    """An active node."""
    save_small_model(tmp_path / "small")
    rig = SegmentationRig(observer, model=str(tmp_path / "small"))
    rig.wait_until_connected()
    return rig


def manager_side(observer: Observer) -> Any:
    from bondpy.bondpy import Bond

    bond = Bond(observer.node, "bond", "llmseg")
    bond.heartbeat_period = 0.25
    bond.heartbeat_timeout = 4.0
    bond.start()
    return bond


def close(observer: Observer, bond: Any) -> None:
    """Ends the manager's side for good; bondpy leaves the rest to the node."""
    bond.shutdown()
    observer.node.destroy_subscription(bond.sub)
    observer.node.destroy_publisher(bond.pub)


def is_formed(bond: Any) -> bool:
    return bond.sm.getState().getName() == "SM.Alive"


def bond_topics(rig: SegmentationRig) -> int:
    node = rig.node
    endpoints = [*node.publishers, *node.subscriptions]
    return sum(one.topic_name == "/bond" for one in endpoints)


@with_bondpy
def test_formed_while_active_and_broken_afterwards(rig: SegmentationRig) -> None:
    for _ in range(2):
        bond = manager_side(rig.observer)
        rig.observer.wait_until(lambda bond=bond: is_formed(bond), timeout=10.0)
        assert rig.change_state("deactivate")
        rig.observer.wait_until(bond.is_broken, timeout=10.0)
        close(rig.observer, bond)
        assert bond_topics(rig) == 0
        assert rig.change_state("activate")


@with_bondpy
def test_broken_when_the_node_is_destroyed(rig: SegmentationRig) -> None:
    bond = manager_side(rig.observer)
    rig.observer.wait_until(lambda: is_formed(bond), timeout=10.0)
    rig.node._bond.end()  # as destroying does; the observer spins the node
    rig.observer.wait_until(bond.is_broken, timeout=10.0)
    close(rig.observer, bond)


@with_bondpy
@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_manager_that_dies_ends_the_bond_and_nothing_else(rig: SegmentationRig) -> None:
    for _ in range(2):
        bond = manager_side(rig.observer)
        rig.observer.wait_until(lambda bond=bond: is_formed(bond), timeout=10.0)
        rig.observer.spin_for(1.0)  # bondpy counts from the second sign of life
        with bond.lock:  # it says no more, as a killed process
            bond.is_shutdown = True
            bond.condition.notify_all()
        bond.heartbeat_timer.cancel()
        rig.observer.node.destroy_subscription(bond.sub)
        rig.observer.wait_until(lambda: bond_topics(rig) == 0, timeout=15.0)
        assert rig.state() == "active"
        assert rig.change_state("deactivate")
        assert rig.change_state("activate")


@pytest.mark.skipif(find_spec("bondpy") is not None, reason="this machine has bondpy")
def test_nothing_is_offered_without_bondpy(rig: SegmentationRig) -> None:
    assert rig.state() == "active"
    assert bond_topics(rig) == 0
