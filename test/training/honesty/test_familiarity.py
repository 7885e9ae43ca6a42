# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from llmseg_core import LLMSegPipeline
from llmseg_core.cli.main import main
from llmseg_core.config import SelectionConfig
from llmseg_core.familiarity.seen_images import ImageGroup, SeenImages
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.model_dir.weights_digest import model_digest
from llmseg_training.honesty.degraded import DEGRADED, degraded
from llmseg_training.honesty.image_group import fit_group
from llmseg_training.honesty.made_up import KINDS, made_up_image

ACCEPT = SelectionConfig(accept_unfamiliar=True)


def rows(count: int, seed: int, shift: float = 0.0) -> dict[str, Tensor]:
    """Statistics of two layers that go together."""
    chance = torch.Generator().manual_seed(seed)
    base = torch.randn(count, 3, generator=chance)
    mixing = torch.linspace(-1, 1, 24).reshape(3, 8)
    noise = 0.3 * torch.randn(count, 8, generator=chance)
    return {"a": base @ mixing + noise + shift, "b": base @ mixing.flip(1) - noise}


def distances(group: ImageGroup, statistics: dict[str, Tensor]) -> Tensor:
    return torch.tensor(
        [
            SeenImages((group,)).distance({name: each[row] for name, each in statistics.items()})
            for row in range(len(statistics["a"]))
        ]
    )


@pytest.fixture(scope="module")
def group() -> ImageGroup:
    return fit_group("own", rows(400, 0), torch.arange(400), rows(200, 1, shift=1.5))


def test_own_images_are_near_and_others_far(group: ImageGroup) -> None:
    assert (distances(group, rows(300, 2)) > 1).float().mean() < 0.04
    assert (distances(group, rows(100, 3, shift=1.5)) > 1).float().mean() > 0.9
    wild = {name: 8 * each for name, each in rows(100, 3).items()}  # like none of either
    assert (distances(group, wild) > 1).float().mean() > 0.9


def test_an_image_is_unfamiliar_by_a_little_of_both(group: ImageGroup) -> None:
    unit = replace(group, near=0.0, limit=1.0, usual=2.0, strange=4.0, together=1.25)
    log_distance = torch.tensor([-9.0, 0.0, 0.5, 1.0, 1.0, 2.0])
    strangeness = torch.tensor([2.0, -9.0, 3.0, 2.0, 4.0, -50.0])
    steps = unit.steps_away(log_distance, strangeness)
    assert steps.tolist() == pytest.approx([0.0, 0.0, 1.0, 1.0, 2.0, 2.0])


def test_images_that_are_all_alike_are_known() -> None:
    same = {name: each[:1].repeat(30, 1) for name, each in rows(1, 0).items()}
    group = fit_group("same", same, torch.arange(30), rows(200, 1, shift=1.5))
    assert (distances(group, same) <= 1).all()
    assert (distances(group, rows(50, 3, shift=1.5)) > 1).all()


def test_a_second_group_is_known_besides(group: ImageGroup, tmp_path: Path) -> None:
    other = fit_group("mine", rows(60, 4, -3.0), torch.arange(60), rows(200, 1, 1.5))
    seen = SeenImages((group,)).with_group(other)
    seen.save(tmp_path / "seen.safetensors")
    again = SeenImages.load(tmp_path / "seen.safetensors")
    for statistics in ({"a": torch.full((8,), -3.0), "b": torch.zeros(8)}, {
        name: each[0] for name, each in rows(1, 5).items()
    }):  # fmt: skip
        assert again.distance(statistics) == pytest.approx(seen.distance(statistics), rel=1e-2)
        assert again.distance(statistics) < 1
    assert [each.name for each in again.with_group(other).groups] == ["own", "mine"]
    turned = replace(other, layers={name: other.layers[name] for name in ("b", "a")})
    assert len(seen.with_group(turned).groups) == 2  # the order of layers says nothing
    with pytest.raises(ValueError, match="has statistics of c, the model those of a, b"):
        seen.with_group(replace(other, layers={"c": other.layers["a"]}))


def test_few_images_and_damaged_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="19 images are too few"):
        fit_group("few", rows(19, 0), torch.arange(19), rows(20, 1))
    file = tmp_path / "seen.safetensors"
    file.write_bytes(b"no such thing")
    with pytest.raises(ValueError, match="does not say which images were seen"):
        SeenImages.load(file)
    before = {"groups": json.dumps([{"name": "own", "limit": 1, "usual": 0, "strange": 1}])}
    save_file({"a": torch.zeros(1)}, file, {**before, "layers": "[]"})
    with pytest.raises(ValueError, match=r"'near'.*familiarity fit --alone writes it anew"):
        SeenImages.load(file)


def test_made_up_images_are_of_all_kinds_and_the_same_again() -> None:
    own = np.full((60, 80, 3), (200, 40, 40), dtype=np.uint8)
    images = [made_up_image(number, own, seed=3) for number in range(2 * len(KINDS))]
    again = [made_up_image(number, own, seed=3) for number in range(2 * len(KINDS))]
    assert all(np.array_equal(*pair) for pair in zip(images, again, strict=True))
    assert all(image.dtype == np.uint8 and image.shape[2] == 3 for image in images)
    assert np.mean([image.std() for image in images]) > 20
    red = [image.mean((0, 1)) for image in images]
    assert sum(mean[0] > mean[1] + 60 and mean[0] > mean[2] + 60 for mean in red) > len(KINDS) / 3


@pytest.mark.parametrize("way", DEGRADED)
def test_degraded_copies_show_the_same(way: str) -> None:
    image = np.full((240, 320, 3), 60, dtype=np.uint8)
    image[:, 160:] = 180
    copy = degraded(image, way, np.random.default_rng(1))
    assert copy.dtype == np.uint8
    assert not np.array_equal(copy, image)
    assert copy.mean(axis=(0, 2))[-5:].mean() > copy.mean(axis=(0, 2))[:5].mean()
    assert (copy.shape != image.shape) == (way == "size")


def test_a_model_says_so_until_it_is_told_to_answer(
    parts: ModelParts, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    folder, model = tmp_path / "images", tmp_path / "model"
    folder.mkdir()
    for number in range(24):
        picture = rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{number:02d}.png"), picture)
    pipeline = LLMSegPipeline.from_parts(parts)
    pipeline.save_pretrained(model)
    digest = model_digest(model)
    fit = ["familiarity", "fit", "--model", str(model), "--images", str(folder), "--device", "cpu"]
    assert main([*fit, "--name", "noise"]) == 0
    assert "knows noise; 24 images" in capsys.readouterr().out
    assert model_digest(model) == digest  # stored answers and proposals stay usable
    result = tmp_path / "result.json"
    measure = [
        "familiarity",
        "measure",
        "--model",
        str(model),
        "--own",
        str(folder),
        "--count",
        "3",
    ]
    assert main([*measure, "--others", str(folder), "--device", "cpu", "--json", str(result)]) == 0
    found = json.loads(result.read_text())
    assert found["own"]["clean"]["count"] == found["others"]["images"]["count"] == 3
    assert found["auroc"] == 0.5

    known = LLMSegPipeline.from_pretrained(model)
    assert known.familiarity is not None
    picture = np.zeros((12, 16, 3), dtype=np.uint8)
    frame = known.encode_frame(picture)
    assert frame.unfamiliarity is not None
    assert frame.unfamiliarity > 1
    assert list(frame.timings_ms)[-1] == "familiarity"
    assert frame.total_ms >= sum(frame.timings_ms.values())
    assert "familiarity" not in pipeline.encode_frame(picture).timings_ms
    answer = known.segment(frame, "the cup")
    assert not answer.found
    assert answer.unfamiliar
    assert answer.reason.startswith("unfamiliar image: ")
    assert answer.confidence == 0
    accepted, plain = (
        known.segment(frame, "the cup", ACCEPT),
        pipeline.segment(picture, "the cup", ACCEPT),
    )
    assert np.array_equal(accepted.mask, plain.mask)
    assert (accepted.selection, plain.unfamiliarity) == (plain.selection, None)

    cv2.imwrite(str(tmp_path / "black.png"), picture)
    ask = [
        "segment",
        str(tmp_path / "black.png"),
        "the cup",
        "--model",
        str(model),
        "--device",
        "cpu",
    ]
    assert main(ask) == 0
    assert "black.png: unfamiliar image: " in capsys.readouterr().err
    assert main([*ask, "--accept-unfamiliar", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)[0]["unfamiliarity"] > 1
    assert "unfamiliar image" in said.err
