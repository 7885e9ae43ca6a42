# SPDX-License-Identifier: Apache-2.0
"""Old recipes and answers name their files from the folder that they lie in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpers.old_files import OLD, expected
from llmseg_training.questions.catalogue import ALL_FUNCTION_PHRASES, ALL_PROPERTY_PHRASES


@pytest.fixture(autouse=True)
def _among_old_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(OLD)


@pytest.fixture
def words_of_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """The training phrases that there were; each concept's later ones stand behind them."""
    counts = expected("train_phrases.json")
    for concepts, wordings in (
        ("functions", ALL_FUNCTION_PHRASES),
        ("properties", ALL_PROPERTY_PHRASES),
    ):
        for name, count in counts[concepts].items():
            then = "\n".join(wordings[name].phrases("train")[:count])
            monkeypatch.setitem(wordings, name, replace(wordings[name], train=then))
