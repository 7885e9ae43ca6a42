# SPDX-License-Identifier: Apache-2.0
"""A SAM with a refiner of its masks, one network in one folder."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from transformers import SamConfig, SamModel

from .mask_refiner import MaskRefiner

__all__ = [
    "RefinedSamConfig",
    "RefinedSamModel",
    "refiner_of",
    "sam_weights",
    "with_iou_head",
    "with_refiner",
]


class RefinedSamConfig(SamConfig):
    """A SAM's, and its refiner's, see `MaskRefiner`."""

    model_type = "refined_sam"
    refiner_width: int = 24
    refiner_sharpness: int = 1
    refiner_iou_dim: int = 0
    refiner_passes: int = 1


class RefinedSamModel(SamModel):
    """transformers' SAM, to which a `MaskRefiner` belongs that learned from its masks.

    Its own passes are SAM's; everything mode refines where `ProposalConfig.refine` says so.
    """

    config_class = RefinedSamConfig

    def __init__(self, config: RefinedSamConfig) -> None:
        super().__init__(config)
        self.refiner = MaskRefiner(
            config.refiner_width,
            config.refiner_sharpness,
            config.refiner_iou_dim,
            config.refiner_passes,
        )


def refiner_of(sam: SamModel) -> MaskRefiner:
    """The refiner of a SAM that has one.

    Raises:
        ValueError: it has none.
    """
    if not isinstance(sam, RefinedSamModel):
        raise ValueError(
            f"proposals.refine is true, and the SAM is a {type(sam).__name__} without a refiner: "
            f"set it to false, or take a SAM that learned to refine (model_type refined_sam)"
        )
    return sam.refiner


def sam_weights(sam: SamModel) -> dict[str, Tensor]:
    """Weights by their names, without those of a refiner."""
    weights = sam.state_dict().items()
    return {name: weight for name, weight in weights if not name.startswith("refiner.")}


def with_refiner(sam: SamModel, width: int, sharpness: int = 1, passes: int = 1) -> RefinedSamModel:
    """A SAM with the same weights and a refiner that changes no mask yet.

    Args:
        sam: is not changed; a refiner that it has is left out.
        width: channels of the refiner.
        sharpness: of what it looks at, see `MaskRefiner`.
        passes: how often it looks.
    """
    sizes = {
        "refiner_width": width, "refiner_sharpness": sharpness, "refiner_iou_dim": 0,
        "refiner_passes": passes,
    }  # fmt: skip
    refined = _made_anew(sam, sizes)
    refined.load_state_dict(sam_weights(sam), strict=False)
    nn.init.zeros_(refined.refiner.leave.weight)
    nn.init.zeros_(refined.refiner.leave.bias)  # type: ignore[arg-type]
    return refined.to(sam.device, sam.dtype)


def with_iou_head(sam: RefinedSamModel, iou_dim: int) -> RefinedSamModel:
    """The same with a refiner that reads a mask's IoU from more; that head has new weights.

    Args:
        sam: is not changed.
        iou_dim: see `MaskRefiner`.
    """
    refined = _made_anew(sam, {"refiner_iou_dim": iou_dim})
    weights = sam.state_dict().items()
    kept = {name: weight for name, weight in weights if not name.startswith("refiner.iou_head.")}
    refined.load_state_dict(kept, strict=False)
    return refined.to(sam.device, sam.dtype)


def _made_anew(sam: SamModel, sizes: dict[str, int]) -> RefinedSamModel:
    """One of the same sizes as `sam`, but for `sizes`, with other weights."""
    values: dict[str, Any] = sam.config.to_dict() | sizes
    for name in ("model_type", "architectures", "transformers_version", "dtype"):
        values.pop(name, None)
    return RefinedSamModel(RefinedSamConfig(**values))
