# SPDX-License-Identifier: Apache-2.0
"""What a small SAM or SAM 2 learns: masks of points and boxes, and its own masks put right.

As SAM was trained (segment-anything paper, appendix A), a mask that it drew comes back as a prompt
with a point where it was wrong, once instead of eleven times.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import Sam2Model, SamModel

from llmseg_core.proposals.sam_decoder import SamPointDecoder
from llmseg_core.proposals.sam_encoder import SamImageEncoder

from ..learning.mask_losses import iou_of_logits, point_prompt_loss
from ..trainer.objective import Objective, StepLoss
from .prompt_data import PromptBatch
from .sam_data import MASK_CELL
from .sam_objective import dense_loss

__all__ = ["PromptObjective", "PromptTrainingModel"]


class PromptTrainingModel(nn.Module):
    """A SAM or SAM 2 with a dense head on its image embedding, for training only.

    Args:
        sam: trained in place.
        boxes: how many of an image's prompts are also asked as boxes.
        corrected: how many of them are asked again with their mask and a point where it is wrong.
    """

    def __init__(self, sam: SamModel | Sam2Model, boxes: int = 2, corrected: int = 2) -> None:
        super().__init__()
        self.sam, self.boxes, self.corrected = sam, boxes, corrected
        channels = sam.config.mask_decoder_config.hidden_size
        self.dense_head = nn.Sequential(
            nn.Conv2d(channels, 128, 1), nn.GELU(), nn.Conv2d(128, 4 * 16, 1), nn.PixelShuffle(4)
        )

    def forward(
        self, pixel_values: Tensor, points: Tensor, boxes: Tensor, masks: Tensor
    ) -> dict[str, Tensor]:
        """Predictions for B images of N prompts each.

        Args:
            pixel_values: (B, 3, S, S) float32; of a `SamModel` padding may be left out, here and
                of all maps (see `PromptBatch.without_padding`).
            points: (B, N, 2) float32, pixels of the square.
            boxes: (B, N, 4) float32, pixels of the square.
            masks: (B, N, S / 2, S / 2) float32, from which it is seen where masks are wrong.

        Returns:
            logits (P, 3, S / 2, S / 2) and iou (P, 3) of all prompts, image after image: the
            points, the first of them as boxes, the last of them corrected; targets
            (P, S / 2, S / 2), in the same order; dense (B, 4, S / 2, S / 2).
        """
        features = self._features(pixel_values)
        found: dict[str, list[Tensor]] = {"logits": [], "iou": [], "targets": []}

        def note(logits: Tensor, iou: Tensor, targets: Tensor) -> None:
            for name, value in (("logits", logits), ("iou", iou), ("targets", targets)):
                found[name].append(value)

        for index, wanted in enumerate(masks):
            maps = [level[index : index + 1] for level in features]
            logits, iou = self._points(maps, points[index])
            note(logits, iou, wanted)
            if self.boxes:
                asked = boxes[index, : self.boxes]
                note(*self._decode(maps, boxes=asked), wanted[: self.boxes])
            if self.corrected:
                last = slice(len(wanted) - self.corrected, None)
                note(*self._correct(maps, points[index, last], logits[last], wanted[last]),
                     wanted[last])  # fmt: skip
        return {
            **{name: torch.cat(values) for name, values in found.items()},
            "dense": self.dense_head(features[-1]),
        }

    def _features(self, pixel_values: Tensor) -> list[Tensor]:
        """What the decoder sees, from the finest: `get_image_embeddings` with gradients."""
        sam = self.sam
        if isinstance(sam, SamModel):
            return [SamImageEncoder(sam)(pixel_values)]
        fine, middle, coarse = sam.vision_encoder(pixel_values).fpn_hidden_states
        nothing = sam.no_memory_embedding.reshape(1, -1, 1, 1)
        decoder = sam.mask_decoder
        return [decoder.conv_s0(fine), decoder.conv_s1(middle), coarse + nothing]

    def _points(self, maps: list[Tensor], points: Tensor) -> tuple[Tensor, Tensor]:
        """The same as `_decode` with a point each, (n, 2)."""
        if not isinstance(self.sam, SamModel):
            return self._decode(maps, points=points[:, None])
        decoder, count = SamPointDecoder(self.sam), len(points)
        decoded = decoder.decode(decoder.image_side(maps[-1][0]), points)
        prompt = torch.arange(count, device=points.device).repeat_interleave(3)
        mask = torch.arange(3, device=points.device).repeat(count)
        return decoder.draw(decoded, prompt, mask).unflatten(0, (count, 3)), decoded.iou

    def _correct(
        self, maps: list[Tensor], points: Tensor, logits: Tensor, wanted: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Ask again with the best mask of each prompt and a point where it is wrong.

        Args:
            maps: features of the image.
            points: (n, 2), of the first round.
            logits: (n, 3, h, w), of the first round.
            wanted: (n, h, w), targets.
        """
        with torch.no_grad():
            best = iou_of_logits(logits, wanted[:, None].expand_as(logits)).argmax(1)
            drawn = logits[torch.arange(len(best)), best]
            wrong = ((drawn > 0) != (wanted > 0.5)).flatten(1).float()
            place = torch.multinomial(wrong + 1e-9, 1)[:, 0]
            width = wanted.shape[-1]
            cells = torch.stack((place % width, place // width), 1)
            at = cells * MASK_CELL + (MASK_CELL - 1) / 2
            inside = wanted.flatten(1).gather(1, place[:, None])[:, 0] > 0.5
        both = torch.stack((points, at.to(points.dtype)), 1)
        labels = torch.stack((torch.ones_like(inside), inside), 1).long()
        return self._decode(maps, points=both, labels=labels, masks=drawn.clamp(-32, 32))

    def _decode(
        self,
        maps: list[Tensor],
        points: Tensor | None = None,
        labels: Tensor | None = None,
        boxes: Tensor | None = None,
        masks: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """The three masks (n, 3, h, w) of n prompts on one image, and their predicted IoU (n, 3).

        Args:
            maps: features of the image, from the finest.
            points: (n, p, 2).
            labels: (n, p), 1 on the thing and 0 beside it; None are all 1.
            boxes: (n, 4).
            masks: (n, h, w) logits.
        """
        sam = self.sam
        if points is not None and labels is None:
            labels = torch.ones(points.shape[:2], dtype=torch.int64, device=points.device)
        sparse, dense = sam.prompt_encoder(
            None if points is None else points[None],
            None if labels is None else labels[None],
            None if boxes is None else boxes[None],
            None if masks is None else masks[:, None],
        )
        down, across = maps[-1].shape[2:]
        position = sam.get_image_wide_positional_embeddings()[..., :down, :across]
        dense = dense[..., :down, :across]
        if masks is not None:  # every prompt sees its own image
            count = len(masks)
            sparse = sparse.transpose(0, 1)
            maps = [level.expand(count, -1, -1, -1) for level in maps]
            position = position.expand(count, -1, -1, -1)
        finer = {} if isinstance(sam, SamModel) else {"high_resolution_features": maps[:-1]}
        logits, iou, *_ = sam.mask_decoder(
            image_embeddings=maps[-1],
            image_positional_embeddings=position,
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=True,
            **finer,
        )
        return logits.flatten(0, 1), iou.flatten(0, 1)


class PromptObjective(Objective[PromptBatch]):
    """SAM's losses on all kinds of prompts.

    Args:
        model: trained in place.
        balance: of `mask_bce`.
        edge: strength of `edge_weights`.
        dense_weight: weight of the dense head's loss.
        skip_padding: whether every other step leaves padding out, as everything mode then may;
            what takes boxes and points does not. The network is a `SamModel`.
    """

    def __init__(
        self,
        model: PromptTrainingModel,
        balance: float = 0.3,
        edge: float = 3.0,
        dense_weight: float = 1.0,
        skip_padding: bool = False,
    ) -> None:
        super().__init__(model)
        self.balance, self.edge, self.dense_weight = balance, edge, dense_weight
        self.skip_padding = skip_padding
        self._vision = model.sam.config.vision_config

    def loss(self, model: nn.Module, batch: PromptBatch, step: int) -> StepLoss:
        """Mask, IoU and dense losses."""
        if self.skip_padding and step % 2 == 0:
            batch = batch.without_padding(self._vision)
        out = model(batch.pixel_values, batch.points, batch.boxes, batch.masks)
        loss, best = point_prompt_loss(
            out["logits"], out["iou"], out["targets"], self.balance, self.edge
        )
        dense = dense_loss(out["dense"], batch.dense)
        parts = {"best_of_3_iou": best.mean(), "mask_loss": loss, "dense_loss": dense}
        return StepLoss(loss + self.dense_weight * dense, parts)
