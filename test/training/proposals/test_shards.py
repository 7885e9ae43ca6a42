# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from helpers.folder_data import write_folder_data
from llmseg_core.model_dir.parts import ModelParts
from llmseg_core.proposals.generator import SamProposalGenerator
from llmseg_core.types import Proposals
from llmseg_training.data import open_data
from llmseg_training.proposals.cache import CachedProposals
from llmseg_training.proposals.record import image_digest
from llmseg_training.proposals.shards import SHARD_SCHEMA, error_row, proposals_row, write_shard
from llmseg_training.proposals.write import unfinished, write_proposals


@pytest.fixture(scope="module")
def generator(parts: ModelParts) -> SamProposalGenerator:
    return SamProposalGenerator(parts.sam, parts.config.proposals)


def write_rows(folder: Path, *rows: dict[str, object]) -> Path:
    return write_shard(folder, pa.Table.from_pylist(list(rows), schema=SHARD_SCHEMA))


def left_pixels(count: int) -> Proposals:
    masks = torch.zeros(1, 4, 6, dtype=torch.bool)
    masks[0, 0, :count] = True
    return Proposals.from_masks(masks)


def assert_same(stored: Proposals, fresh: Proposals) -> None:
    for spec in fields(Proposals)[:-1]:
        assert torch.equal(getattr(stored, spec.name), getattr(fresh, spec.name)), spec.name
    assert stored.image_size == fresh.image_size


def test_a_shard_gives_back_what_was_proposed(
    generator: SamProposalGenerator, tmp_path: Path
) -> None:
    data = open_data(write_folder_data(tmp_path / "data", images=3))
    images = [data.image(index) for index in range(3)]
    made = [generator(image) for image in images]
    names = [data.sample_name(index) for index in range(3)]
    write_rows(
        tmp_path / "shards",
        *(proposals_row(*row) for row in zip(names, map(image_digest, images), made, strict=True)),
    )
    stored = CachedProposals(tmp_path / "shards")
    assert len(stored) == 3
    for name, image, fresh in zip(names, images, made, strict=True):
        assert len(fresh) > 0
        assert_same(stored[name], fresh)
        assert_same(stored(image), fresh)


def test_no_proposals_are_a_result_and_an_error_is_none(tmp_path: Path) -> None:
    write_rows(
        tmp_path,
        proposals_row("empty", "0" * 16, Proposals.empty((4, 6))),
        error_row("torn", "is no image that can be read"),
    )
    stored = CachedProposals(tmp_path)
    assert len(stored["empty"]) == 0
    assert stored["empty"].image_size == (4, 6)
    assert "torn" not in stored
    with pytest.raises(FileNotFoundError, match="no proposals of sample 'torn' among its 1"):
        stored["torn"]


def test_what_is_written_later_replaces_what_was_before(tmp_path: Path) -> None:
    for count in (1, 2):
        write_rows(tmp_path, proposals_row("a", f"{count:016d}", left_pixels(count)))
        os.utime(tmp_path)
    assert len(list(tmp_path.glob("*.parquet"))) == 2
    assert int(CachedProposals(tmp_path)["a"].masks.sum()) == 2


def test_rows_beyond_one_group_and_names_of_any_kind_are_found(tmp_path: Path) -> None:
    names = [f"val/ü {number} .jpg" for number in range(40)] + ["x" * 400]
    rows = (
        proposals_row(name, f"{number:016d}", left_pixels(1 + number % 6))
        for number, name in enumerate(names)
    )
    path = write_rows(tmp_path, *rows)
    assert pq.ParquetFile(path).num_row_groups == 3
    stored = CachedProposals(tmp_path)
    assert [int(stored[name].masks.sum()) for name in names] == [1 + n % 6 for n in range(41)]


def test_a_shard_is_finished_work_for_the_other_way_too(
    generator: SamProposalGenerator, tmp_path: Path
) -> None:
    data = open_data(write_folder_data(tmp_path / "data", images=2))
    out, image = tmp_path / "proposals", data.image(0)
    write_rows(out, proposals_row(data.sample_name(0), image_digest(image), generator(image)))
    assert unfinished(data, range(2), CachedProposals(out)) == [1]
    assert write_proposals(generator, data, out, show_progress=False) == 1
    assert len(list(out.glob("*.json"))) == 1

    newer = data.image_file(0).stat().st_mtime + 100
    os.utime(data.image_file(0), (newer, newer))  # looked at again, and it shows the same
    assert write_proposals(generator, data, out, show_progress=False) == 0
    changed = np.ascontiguousarray(image[::-1])
    from llmseg_core.images.image_files import write_image

    write_image(data.image_file(0), changed)
    os.utime(data.image_file(0), (newer, newer))
    assert write_proposals(generator, data, out, show_progress=False) == 1
    assert_same(CachedProposals(out)[data.sample_name(0)], generator(changed))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"\0" * 100])
def test_a_file_that_is_no_shard_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "torn.parquet").write_bytes(content)
    with pytest.raises(ValueError, match=r"torn\.parquet holds no proposals"):
        CachedProposals(tmp_path)


def test_a_parquet_file_of_something_else_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"name": ["a"], "price": [3]}), tmp_path / "other.parquet")
    with pytest.raises(ValueError, match=r"other\.parquet holds no proposals.*remove it"):
        CachedProposals(tmp_path)
