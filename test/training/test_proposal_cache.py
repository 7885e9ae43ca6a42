from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch

from llmseg_core import ModelParts, Proposals, SamProposalGenerator
from llmseg_training.proposal_cache import ProposalFolder, write_proposals
from llmseg_training.scenes import SceneFolder


@pytest.fixture(scope="module")
def generator(parts: ModelParts) -> SamProposalGenerator:
    return SamProposalGenerator(parts.sam, parts.config.proposals)


def assert_same(stored: Proposals, fresh: Proposals) -> None:
    for spec in fields(Proposals):
        assert torch.equal(getattr(stored, spec.name), getattr(fresh, spec.name)), spec.name


def test_stored_proposals_are_what_the_generator_gave(
    scenes: SceneFolder, generator: SamProposalGenerator, tmp_path: Path
) -> None:
    write_proposals(generator, scenes, tmp_path / "new", [0, 2])
    stored = ProposalFolder(tmp_path / "new")
    for index in (0, 2):
        fresh = generator(scenes.image(index))
        assert len(fresh) > 0
        assert_same(stored[index], fresh)
    assert [index in stored for index in range(4)] == [True, False, True, False]
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == ["000000.json", "000002.json"]


def test_no_proposals_are_a_result_too(
    parts: ModelParts, scenes: SceneFolder, tmp_path: Path
) -> None:
    strict = replace(parts.config.proposals, pred_iou_thresh=1000.0)
    write_proposals(SamProposalGenerator(parts.sam, strict), scenes, tmp_path, [1])
    stored = ProposalFolder(tmp_path)[1]
    assert len(stored) == 0
    assert stored.image_size == (72, 96)


def test_finished_files_are_kept(
    scenes: SceneFolder, generator: SamProposalGenerator, tmp_path: Path
) -> None:
    write_proposals(generator, scenes, tmp_path, [0])
    first = tmp_path / "000000.json"
    first.write_text("kept as it is")
    write_proposals(generator, scenes, tmp_path, range(2))
    assert first.read_text() == "kept as it is"
    assert_same(ProposalFolder(tmp_path)[1], generator(scenes.image(1)))


def test_an_interruption_leaves_whole_files_only(
    scenes: SceneFolder, generator: SamProposalGenerator, tmp_path: Path
) -> None:
    def interrupted(image: object) -> Proposals:
        if list(tmp_path.iterdir()):
            raise KeyboardInterrupt
        return generator(image)

    with pytest.raises(KeyboardInterrupt):
        write_proposals(interrupted, scenes, tmp_path, range(4))
    assert [path.name for path in tmp_path.iterdir()] == ["000000.json"]
    write_proposals(generator, scenes, tmp_path, range(4))
    assert_same(ProposalFolder(tmp_path)[3], generator(scenes.image(3)))


def test_a_missing_file_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"000007\.json is missing.*write_proposals"):
        ProposalFolder(tmp_path)[7]
