# SPDX-License-Identifier: Apache-2.0
"""LISA's way to a mask: the seg token's state is the prompt of SAM's mask decoder.

LISA (Lai et al., arXiv 2308.00692, section 3.2): the state before the seg token is projected and
stands where a point or a box would, as a sparse prompt embedding.
"""

from __future__ import annotations

import copy

from torch import Tensor, nn
from transformers import SamModel

__all__ = ["SegPromptDecoder"]


class SegPromptDecoder(nn.Module):
    """Projection and mask decoder: what LISA trains besides the VLM.

    Args:
        sam: its mask decoder is copied, so that the copy may learn, or be another; what all prompts
            of an image share is taken from it.
        hidden_dim: width of the VLM's hidden states.
    """

    positions: Tensor
    no_mask: Tensor

    def __init__(self, sam: SamModel, hidden_dim: int) -> None:
        super().__init__()
        width = int(sam.config.mask_decoder_config.hidden_size)
        self.seg_projection = nn.Sequential(
            nn.Linear(hidden_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, width)
        )
        self.mask_decoder = copy.deepcopy(sam.mask_decoder)
        positions = sam.get_image_wide_positional_embeddings().detach().clone()
        no_mask = sam.prompt_encoder.no_mask_embed.weight.detach().reshape(1, -1, 1, 1).clone()
        self.register_buffer("positions", positions, persistent=False)  # (1, C, h, w)
        self.register_buffer("no_mask", no_mask, persistent=False)  # (1, C, 1, 1)

    def forward(self, image_embedding: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Draw what R states mean in one image.

        Args:
            image_embedding: (1, C, h, w) float, of SAM's image encoder.
            hidden: (R, hidden) float, states of the VLM before the seg token; R is at least 1.

        Returns:
            (R, 4 h, 4 w) logits and (R,) predicted IoU, both in the decoder's number format. SAM's
            single mask is taken, as in the released code, whose training leaves the predicted IoU
            alone.
        """
        prompts = self.seg_projection(hidden.to(self.no_mask.dtype))
        masks, predicted = self.mask_decoder(
            image_embeddings=image_embedding.to(prompts.dtype),
            image_positional_embeddings=self.positions,
            sparse_prompt_embeddings=prompts[None, :, None],
            dense_prompt_embeddings=self.no_mask.expand_as(image_embedding),
            multimask_output=False,
        )
        return masks[0, :, 0], predicted[0, :, 0]
