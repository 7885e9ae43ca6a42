# SPDX-License-Identifier: Apache-2.0
"""SAM's everything mode by the package `segment-anything` itself.

Slower than `SamProposalGenerator` and with the same masks: for measuring beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import SamConfig

from llmseg_core.config import ProposalConfig
from llmseg_core.proposals.enlarge import propose_within_limits
from llmseg_core.types import Proposals

from .torchvision_standin import torchvision_stood_in

__all__ = ["OriginalSamProposalGenerator", "original_sam", "segment_anything"]

BATCH = 64
"""Points decoded at once, the package's default."""


def segment_anything() -> ModuleType:
    """The package, where torchvision is missing or does not fit with the four functions it needs.

    Raises:
        ImportError: if it is not installed.
    """
    try:
        import_module("torchvision.ops")
        torchvision_works = True
    except (ImportError, RuntimeError):  # RuntimeError: built for another PyTorch
        torchvision_works = False
    try:
        with nullcontext() if torchvision_works else torchvision_stood_in():
            return import_module("segment_anything")
    except ImportError as error:
        raise ImportError(
            f"the original SAM needs one more package: pip install segment-anything ({error})"
        ) from error


class OriginalSamProposalGenerator:
    """`SamAutomaticMaskGenerator` behind the interface `ProposalGenerator`.

    Args:
        sam: the package's `Sam`; its device is used, always in float32.
        config: grid, thresholds and limits; `points_per_batch` None means the package's 64.

    Raises:
        ImportError: if the package is not installed.
    """

    def __init__(self, sam: nn.Module, config: ProposalConfig) -> None:
        self.sam = sam.eval()
        self.config = config
        self._generator = segment_anything().SamAutomaticMaskGenerator(
            sam,
            points_per_side=config.points_per_side,
            points_per_batch=config.points_per_batch or BATCH,
            pred_iou_thresh=config.pred_iou_thresh,
            stability_score_thresh=config.stability_score_thresh,
            stability_score_offset=config.stability_score_offset,
            box_nms_thresh=config.box_nms_thresh,
            crop_n_layers=config.crop_n_layers,
            crop_nms_thresh=config.crop_nms_thresh,
            min_mask_region_area=config.min_mask_region_area,
            crop_overlap_ratio=config.crop_overlap_ratio,
            crop_n_points_downscale_factor=config.crop_n_points_downscale_factor,
        )

    @property
    def device(self) -> torch.device:
        """Where SAM's weights are."""
        return next(self.sam.parameters()).device

    def __call__(self, image: np.ndarray) -> Proposals:
        """See `ProposalGenerator`; raises ValueError for an image that is not (H, W, 3) uint8."""
        return propose_within_limits(self.propose, image, self.config)

    @torch.inference_mode()
    def propose(self, image: np.ndarray, largest: int | None = None) -> Proposals:
        """Masks of an image at its own size, on SAM's device.

        Args:
            image: (H, W, 3) uint8 RGB.
            largest: how many of the largest masks to keep, largest first; None keeps all that
                pass, in the package's order.
        """
        found = _proposals(self._generator.generate(image), (image.shape[0], image.shape[1]))
        found = found if largest is None else found.largest(largest)
        return found.to(self.device)


def original_sam(config: SamConfig, state: Mapping[str, Tensor]) -> nn.Module:
    """The package's `Sam` in any size.

    Args:
        config: sizes, as transformers names them.
        state: weights under their original names.

    Raises:
        ImportError: if the package is not installed.
        ValueError: if names or shapes of the weights do not fit.
    """
    modeling: Any = segment_anything().modeling
    vision, decoder = config.vision_config, config.mask_decoder_config
    channels, grid = vision.output_channels, vision.image_size // vision.patch_size
    sam: Any = modeling.Sam(
        image_encoder=modeling.ImageEncoderViT(
            img_size=vision.image_size,
            patch_size=vision.patch_size,
            embed_dim=vision.hidden_size,
            depth=vision.num_hidden_layers,
            num_heads=vision.num_attention_heads,
            mlp_ratio=vision.mlp_dim / vision.hidden_size,
            out_chans=channels,
            qkv_bias=vision.qkv_bias,
            norm_layer=partial(nn.LayerNorm, eps=vision.layer_norm_eps),
            use_rel_pos=vision.use_rel_pos,
            window_size=vision.window_size,
            global_attn_indexes=vision.global_attn_indexes,
        ),
        prompt_encoder=modeling.PromptEncoder(
            embed_dim=channels,
            image_embedding_size=(grid, grid),
            input_image_size=(vision.image_size, vision.image_size),
            mask_in_chans=config.prompt_encoder_config.mask_input_channels,
        ),
        mask_decoder=modeling.MaskDecoder(
            num_multimask_outputs=decoder.num_multimask_outputs,
            transformer=modeling.TwoWayTransformer(
                depth=decoder.num_hidden_layers,
                embedding_dim=channels,
                num_heads=decoder.num_attention_heads,
                mlp_dim=decoder.mlp_dim,
                attention_downsample_rate=decoder.attention_downsample_rate,
            ),
            transformer_dim=channels,
            iou_head_depth=decoder.iou_head_depth,
            iou_head_hidden_dim=decoder.iou_head_hidden_dim,
        ),
    )
    for module in sam.mask_decoder.transformer.layers.modules():
        if isinstance(module, nn.LayerNorm):
            module.eps = decoder.layer_norm_eps
    try:
        sam.load_state_dict(dict(state))
    except RuntimeError as error:
        raise ValueError(f"this is no original SAM checkpoint: {error}") from error
    result: nn.Module = sam.eval()
    return result


def _proposals(records: list[dict[str, Any]], size: tuple[int, int]) -> Proposals:
    if not records:
        return Proposals.empty(size)
    left, top, width, height = torch.tensor([record["bbox"] for record in records]).unbind(1)
    return Proposals(
        torch.from_numpy(np.stack([record["segmentation"] for record in records])),
        torch.stack((left, top, left + width, top + height), 1).float(),
        torch.tensor([record["predicted_iou"] for record in records]),
        torch.tensor([record["stability_score"] for record in records]),
        torch.tensor([record["point_coords"][0] for record in records]).float(),
    )
