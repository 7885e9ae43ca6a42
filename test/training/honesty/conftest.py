# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from llmseg_core.model_dir.checkpoint import save_parts
from llmseg_core.model_dir.parts import ModelParts


@pytest.fixture
def own_model(parts: ModelParts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model directory of the test's own, in the folder where its commands run."""
    monkeypatch.chdir(tmp_path)
    save_parts(parts, tmp_path / "model")
    return tmp_path / "model"
