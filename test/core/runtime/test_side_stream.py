# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch

from llmseg_core.runtime.side_stream import SideStream
from llmseg_core.runtime.stage_timer import StageTimer


def test_without_a_gpu_work_runs_where_it_stands() -> None:
    side = SideStream(torch.device("cpu"))
    with side.aside():
        result = torch.ones(3) * 2
    side.join([result])
    assert result.tolist() == [2, 2, 2]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_the_result_is_there_after_joining() -> None:
    device = torch.device("cuda")
    side, timer = SideStream(device), StageTimer(device)
    matrix = torch.randn(2048, 2048, device=device)
    with side.aside(), timer.stage("aside"):
        product = matrix
        for _ in range(20):
            product = (product @ matrix).div(50)
    with timer.stage("here"):
        other = matrix @ matrix
    side.join([product])
    expected = matrix
    for _ in range(20):
        expected = (expected @ matrix).div(50)
    torch.testing.assert_close(product, expected)
    torch.testing.assert_close(other, matrix @ matrix)
    assert timer.timings_ms["aside"] > timer.timings_ms["here"] > 0
