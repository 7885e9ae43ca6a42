"""Everything mode as it was published, to compare ours with: the same masks, step by step.

`segment_anything.SamAutomaticMaskGenerator` where that package and torchvision are installed; else
the same algorithm, plainly written with transformers' SAM.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import version
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import SamModel

from .box_nms import box_nms
from .config import ProposalConfig
from .image_ops import normalize_and_pad, resize_longest_side, resized_shape
from .proposals import point_grid
from .sam_original import sam_to_original
from .types import Proposals, masks_to_boxes

__all__ = ["PlainProposalGenerator", "ReferenceGenerator", "reference_generator"]

BATCH = 64
"""Points decoded at once, the original's default."""


@dataclass(frozen=True)
class ReferenceGenerator:
    """Everything mode as published.

    Attributes:
        name: of the implementation.
        propose: all masks of an image that pass, highest predicted IoU first.
        image_encoder: the part that runs once an image.
    """

    name: str
    propose: Callable[[np.ndarray], Proposals]
    image_encoder: nn.Module


def reference_generator(model: SamModel, config: ProposalConfig) -> ReferenceGenerator:
    """The best reference at hand.

    Args:
        model: its weights are used, on its device.
        config: grid and thresholds; images are never shrunk, and all masks are kept.
    """
    try:
        package = import_module("segment_anything")
    except ImportError:
        plain = PlainProposalGenerator(model, config)
        return ReferenceGenerator("plain transformers", plain, model.vision_encoder)
    original = _original_sam(package, model)
    generator = package.SamAutomaticMaskGenerator(
        original,
        points_per_side=config.points_per_side,
        points_per_batch=BATCH,
        pred_iou_thresh=config.pred_iou_thresh,
        stability_score_thresh=config.stability_score_thresh,
        stability_score_offset=config.stability_score_offset,
        box_nms_thresh=config.box_nms_thresh,
    )
    name = f"segment_anything {version('segment_anything')}"
    return ReferenceGenerator(
        name,
        lambda image: _proposals(generator.generate(image), image.shape[:2]),
        original.image_encoder,
    )


class PlainProposalGenerator:
    """The published order of work: every mask at full resolution, then the filters, then NMS."""

    def __init__(self, model: SamModel, config: ProposalConfig) -> None:
        self.model = model
        self.config = config

    @torch.inference_mode()
    def __call__(self, image: np.ndarray) -> Proposals:
        """All masks that pass, highest predicted IoU first."""
        size = (int(image.shape[0]), int(image.shape[1]))
        side = int(self.model.config.vision_config.image_size)
        inner = resized_shape(*size, side)
        pixels = normalize_and_pad(resize_longest_side(image, side), side, self.model.device)
        embedding = self.model.get_image_embeddings(pixels[None].to(self.model.dtype))
        scale = torch.tensor((inner[1] / size[1], inner[0] / size[0]), dtype=torch.float64)
        parts = []
        for points in point_grid(self.config.points_per_side, *size).split(BATCH):
            output = self.model(
                image_embeddings=embedding,
                input_points=(points * scale).to(self.model.device)[None, :, None],
                input_labels=torch.ones((1, len(points), 1), device=self.model.device),
                multimask_output=True,
            )
            low, iou = output.pred_masks[0].float(), output.iou_scores[0].flatten().float()
            square = F.interpolate(low, (side, side), mode="bilinear", align_corners=False)
            cut = square[..., : inner[0], : inner[1]]
            logits = F.interpolate(cut, size, mode="bilinear", align_corners=False).flatten(0, 1)
            parts.append(self._filter(logits, iou, points.float().to(iou.device)))
        found = Proposals(*(torch.cat(column) for column in zip(*parts, strict=True)))
        return found[box_nms(found.boxes, found.predicted_iou, self.config.box_nms_thresh)]

    def _filter(self, logits: Tensor, iou: Tensor, points: Tensor) -> tuple[Tensor, ...]:
        config = self.config
        points = points.repeat_interleave(3, 0)
        if config.pred_iou_thresh > 0:
            passed = iou > config.pred_iou_thresh
            logits, iou, points = logits[passed], iou[passed], points[passed]
        offset = config.stability_score_offset
        inner, outer = ((logits > level).flatten(1).sum(1) for level in (offset, -offset))
        stability = inner / outer
        if config.stability_score_thresh > 0:
            stable = stability >= config.stability_score_thresh
            logits, iou, points = logits[stable], iou[stable], points[stable]
            stability = stability[stable]
        masks = logits > 0
        return masks, masks_to_boxes(masks), iou, stability, points


def _original_sam(package: ModuleType, model: SamModel) -> Any:
    """The original `Sam` with the sizes and weights of a `SamModel`."""
    vision = model.config.vision_config
    decoder = model.config.mask_decoder_config
    channels, grid = vision.output_channels, vision.image_size // vision.patch_size
    modeling: Any = package.modeling
    sam = modeling.Sam(
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
            mask_in_chans=model.config.prompt_encoder_config.mask_input_channels,
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
    for layer in sam.mask_decoder.transformer.layers:
        for module in layer.modules():
            if isinstance(module, nn.LayerNorm):
                module.eps = decoder.layer_norm_eps
    sam.load_state_dict(sam_to_original(model))
    return sam.eval().to(model.device)


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
