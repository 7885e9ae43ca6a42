# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from llmseg_core.geometry.percentiles import percentiles


@pytest.mark.parametrize("count", [1, 2, 3, 50, 2801])
@pytest.mark.parametrize("shape", [(), (3,)])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_they_are_numpys(count: int, shape: tuple[int, ...], kind: type) -> None:
    values = np.random.default_rng(count).normal(size=(count, *shape)).astype(kind)
    for percents in ((2.0, 98.0), (5.0,), (0.0, 50.0, 100.0)):
        found = percentiles(values, percents)
        assert found.dtype == kind
        np.testing.assert_allclose(found, np.percentile(values, percents, axis=0), rtol=1e-5)
