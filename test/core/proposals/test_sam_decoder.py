# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch
from torch import Tensor
from transformers import SamModel

from helpers.original_sam import original_sam
from llmseg_core.model_dir.original.sam import sam_from_original
from llmseg_core.proposals.sam_decoder import SamPointDecoder

POINTS = torch.tensor([[3.0, 5.0], [60.0, 20.0], [31.5, 44.0], [0.0, 63.0], [50.0, 50.0]])


@pytest.fixture(
    scope="module",
    params=[
        pytest.param({"image_size": 64, "patch_size": 8, "channels": 32, "heads": 4}, id="small"),
        pytest.param({"image_size": 64, "patch_size": 16, "channels": 256, "heads": 8}, id="vit_b"),
    ],
)
def model(request: pytest.FixtureRequest) -> SamModel:
    sizes = request.param
    return sam_from_original(original_sam(**sizes).state_dict(), sizes["heads"])


@pytest.fixture
def embedding(model: SamModel) -> Tensor:
    grid = model.prompt_encoder.image_embedding_size
    return torch.randn(model.config.mask_decoder_config.hidden_size, *grid)


def transformers_masks(model: SamModel, embedding: Tensor) -> tuple[Tensor, Tensor]:
    """(N, 3, 4 h, 4 w) logits and (N, 3) predicted IoU."""
    labels = torch.ones((1, len(POINTS), 1), dtype=torch.int64)
    output = model(
        image_embeddings=embedding[None],
        input_points=POINTS[None, :, None],
        input_labels=labels,
        multimask_output=True,
    )
    return output.pred_masks[0], output.iou_scores[0]


def our_masks(model: SamModel, embedding: Tensor) -> tuple[Tensor, Tensor]:
    decoder = SamPointDecoder(model)
    decoded = decoder.decode(decoder.image_side(embedding), POINTS)
    prompt, mask = torch.ones_like(decoded.iou).nonzero(as_tuple=True)
    return decoder.draw(decoded, prompt, mask).unflatten(0, (-1, 3)), decoded.iou


def assert_near(ours: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(ours, theirs, atol=2e-6 * float(theirs.abs().max()), rtol=1e-5)


def test_equals_transformers(model: SamModel, embedding: Tensor) -> None:
    with torch.no_grad():
        logits, iou = transformers_masks(model, embedding)
        our_logits, our_iou = our_masks(model, embedding)
    assert logits.std() > 1  # natural size: a wrong term would show
    assert_near(our_logits, logits)
    assert_near(our_iou, iou)


def test_gradients_equal_those_of_transformers(model: SamModel, embedding: Tensor) -> None:
    parameters = dict(model.mask_decoder.named_parameters())
    gradients = []
    for compute in (transformers_masks, our_masks):
        logits, iou = compute(model, embedding)
        loss = logits.sigmoid().mean() + iou.square().mean()
        gradients.append(torch.autograd.grad(loss, list(parameters.values()), allow_unused=True))
    for name, theirs, ours in zip(parameters, *gradients, strict=True):
        # None: not used, or without effect, as the bias of keys that shifts all scores alike
        wanted = torch.zeros(()) if theirs is None else theirs
        got = torch.zeros_like(wanted) if ours is None else ours
        tolerance = 1e-4 * float(wanted.abs().max()) + 1e-7
        assert torch.allclose(got, wanted, rtol=1e-3, atol=tolerance), name


@torch.no_grad()
def test_draws_only_what_is_asked(model: SamModel, embedding: Tensor) -> None:
    decoder = SamPointDecoder(model)
    decoded = decoder.decode(decoder.image_side(embedding), POINTS)
    prompt, mask = torch.tensor([0, 0, 3, 4]), torch.tensor([0, 2, 1, 2])
    logits, _ = our_masks(model, embedding)
    assert_near(decoder.draw(decoded, prompt, mask), logits[prompt, mask])
    nothing = decoder.draw(decoded, prompt[:0], mask[:0])
    assert nothing.shape == (0, *decoder.mask_size)


@torch.no_grad()
@pytest.mark.parametrize("needed", [(5, 32), (16, 3), (9, 9)])
def test_draws_no_padding(model: SamModel, embedding: Tensor, needed: tuple[int, int]) -> None:
    decoder = SamPointDecoder(model)
    decoded = decoder.decode(decoder.image_side(embedding), POINTS)
    prompt, mask = torch.tensor([0, 0, 3, 4]), torch.tensor([0, 2, 1, 2])
    needed = min(needed[0], decoder.mask_size[0]), min(needed[1], decoder.mask_size[1])
    rows, columns = (-(-cells // 4) * 4 for cells in needed)
    whole = decoder.draw(decoded, prompt, mask)
    drawn = decoder.draw(decoded, prompt, mask, at_once=2, needed=needed)
    assert drawn.shape == (4, rows, columns)
    assert_near(drawn, whole[:, :rows, :columns])


@torch.no_grad()
def test_a_prompt_does_not_depend_on_the_others(model: SamModel, embedding: Tensor) -> None:
    decoder = SamPointDecoder(model)
    side = decoder.image_side(embedding)
    together = decoder.decode(side, POINTS).iou
    alone = torch.cat([decoder.decode(side, point[None]).iou for point in POINTS])
    assert_near(alone, together)


@torch.no_grad()
def test_image_tokens_of_padding_are_left_out(model: SamModel, embedding: Tensor) -> None:
    down, across = model.prompt_encoder.image_embedding_size
    down -= 1
    labels = torch.ones((1, len(POINTS), 1), dtype=torch.int64)
    sparse, dense = model.prompt_encoder(POINTS[None, :, None], labels, None, None)
    logits, iou, *_ = model.mask_decoder(
        image_embeddings=embedding[None, :, :down],
        image_positional_embeddings=model.get_image_wide_positional_embeddings()[:, :, :down],
        sparse_prompt_embeddings=sparse,
        dense_prompt_embeddings=dense[:, :, :down],
        multimask_output=True,
    )
    found, our_iou = our_masks(model, embedding[:, :down])
    assert found.shape == (len(POINTS), 3, 4 * down, 4 * across)
    assert_near(found, logits[0])
    assert_near(our_iou, iou[0])
    decoder = SamPointDecoder(model)
    decoded = decoder.decode(decoder.image_side(embedding[:, :down]), POINTS)
    needed = 4 * down + 1, 4 * across  # where an image ends, resizing looks one row beyond
    drawn = decoder.draw(decoded, torch.arange(3), torch.tensor([2, 0, 1]), needed=needed)
    assert drawn.shape == (3, 4 * down + 4, 4 * across)
    assert torch.equal(drawn[:, 4 * down :], drawn[:, -5:-4].expand(-1, 4, -1))
