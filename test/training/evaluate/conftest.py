# SPDX-License-Identifier: Apache-2.0
"""A folder of small images with questions."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.small_data import write_small_data
from llmseg_training.data.folder import FolderData


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> FolderData:
    """Three images, seven questions; it may not be changed."""
    folder = tmp_path_factory.mktemp("data") / "small"
    write_small_data(folder)
    return FolderData(folder)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
