# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from helpers.original_proposals import FEW, with_crops
from helpers.original_sam import original_sam
from llmseg_core.model_dir.original.sam import sam_from_original
from llmseg_core.reference.proposals import PlainProposalGenerator


def test_the_plain_reference_refuses_crops() -> None:
    model = sam_from_original(original_sam().state_dict())
    with pytest.raises(ValueError, match="crop_n_layers is 1, it must be 0"):
        PlainProposalGenerator(model, with_crops(FEW))
