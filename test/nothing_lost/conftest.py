# SPDX-License-Identifier: Apache-2.0
"""Old recipes and answers name their files from the folder that they lie in."""

from __future__ import annotations

import pytest

from helpers.old_files import OLD


@pytest.fixture(autouse=True)
def _among_old_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(OLD)
