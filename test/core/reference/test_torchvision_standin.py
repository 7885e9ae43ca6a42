# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from PIL import Image

from llmseg_core.reference.torchvision_standin import torchvision_stood_in

AFTER = """
import sys
from llmseg_core.reference.original_proposals import segment_anything
package = segment_anything()
assert package.SamAutomaticMaskGenerator
print(sorted(name for name in sys.modules if name.startswith("torchvision")))
"""


def test_it_is_gone_afterwards() -> None:
    before = find_spec("torchvision") is not None
    with torchvision_stood_in():
        from torchvision.ops.boxes import batched_nms, box_area
        from torchvision.transforms.functional import resize, to_pil_image
    assert (find_spec("torchvision") is not None) is before
    boxes = torch.tensor([[0.0, 0, 4, 4], [0, 0, 4, 3], [10, 10, 12, 12]])
    assert box_area(boxes).tolist() == [16, 12, 4]
    scores, same = torch.tensor([0.5, 0.9, 0.1]), torch.zeros(3)
    assert batched_nms(boxes, scores, same, 0.7).tolist() == [1, 2]
    with pytest.raises(ValueError, match="one category"):
        batched_nms(boxes, scores, torch.tensor([0, 1, 0]), 0.7)
    picture = to_pil_image(np.zeros((6, 8, 3), dtype=np.uint8))
    assert isinstance(picture, Image.Image)
    assert resize(picture, (3, 4)).size == (4, 3)


def test_the_original_package_can_be_imported_without_torchvision() -> None:
    output = subprocess.run(
        [sys.executable, "-c", AFTER], capture_output=True, text=True, check=True, timeout=120
    ).stdout
    if find_spec("torchvision") is None:
        assert output.strip() == "[]"
