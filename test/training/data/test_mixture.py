# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from helpers.data_files import box_mask, write_json, write_picture
from helpers.lisa_tree import write_lisa_tree
from llmseg_training.data import (
    BrokenPolicy,
    BrokenSampleError,
    FolderData,
    Mixture,
    MixtureGroup,
    SampleDraws,
    encode_mask,
    open_data,
    write_folder,
)
from llmseg_training.data.mixture_recipe import load_mixture_recipe

MASK = encode_mask(box_mask(3, 5, 20, 30))


def write_data(folder: Path, count: int, questions: int = 5) -> FolderData:
    """A folder of `count` images; image 0 is shared by name with every other folder."""
    lines = []
    for index in range(count):
        write_picture(folder / f"images/{index}.png", index)
        asked = [{"text": f"{folder.name} {index} {i}", "mask": MASK} for i in range(questions)]
        lines.append({"image": f"images/{index}.png", "questions": asked})
    (folder / "samples.jsonl").write_text("")
    for line in lines:
        write_json(folder / "line", line)
        with (folder / "samples.jsonl").open("a") as file:
            file.write((folder / "line").read_text() + "\n")
    return FolderData(folder)


@pytest.fixture
def mixture(tmp_path: Path) -> Mixture:
    large, small, other = (
        write_data(tmp_path / name, count)
        for name, count in (("large", 4), ("small", 2), ("other", 3))
    )
    return Mixture("mix", [MixtureGroup("a", 9, (large, small)), MixtureGroup("b", 3, (other,))])


def test_every_image_once(mixture: Mixture) -> None:
    names = [sample.name for sample in mixture]
    assert names == [mixture.sample_name(index) for index in range(len(mixture))]
    assert len(set(names)) == len(names) == 9
    assert (names[0], names[4], names[8]) == ("large/0", "small/0", "other/2")
    assert mixture[5].questions[0].text == "small 1 0"
    assert np.array_equal(mixture.image(8), write_picture(mixture.image_file(8), 2))


def test_rates(mixture: Mixture) -> None:
    rng = np.random.default_rng(0)
    drawn = Counter(mixture.source(mixture.draw(rng))[0].name for _ in range(4000))
    assert drawn["large"] / 4000 == pytest.approx(9 / 24, abs=0.03)
    assert drawn["small"] / 4000 == pytest.approx(9 / 24, abs=0.03)
    assert drawn["other"] / 4000 == pytest.approx(3 / 12, abs=0.03)


def test_draws_are_decided_by_the_generator(mixture: Mixture) -> None:
    def texts(seed: int) -> list[list[str]]:
        draws = SampleDraws(mixture, questions=3)
        samples = [draws.draw(np.random.default_rng((seed, step))) for step in range(20)]
        return [[question.text for question in sample.questions] for sample in samples]

    first = texts(0)
    assert first == texts(0) != texts(1)
    assert all(len(set(asked)) == 3 for asked in first)
    assert len({asked[0].split()[-1] for asked in first}) > 1


def test_few_questions_are_all_asked(tmp_path: Path) -> None:
    data = write_data(tmp_path / "few", 2, questions=2)
    sample = SampleDraws(data, questions=3).draw(np.random.default_rng(0))
    assert len({question.text for question in sample.questions}) == 2
    with pytest.raises(ValueError, match="questions is 0"):
        SampleDraws(data, questions=0)


def test_broken_samples_are_drawn_again_or_fatal(tmp_path: Path) -> None:
    data = write_data(tmp_path / "some", 3)
    (tmp_path / "some/images/1.png").unlink()
    draws = SampleDraws(data)
    names = {draws.draw(np.random.default_rng(step)).name for step in range(30)}
    assert names == {"0", "2"}
    assert list(draws.broken) == ["1"]
    assert "1.png is missing" in draws.broken["1"].reason
    fatal = SampleDraws(data, policy=BrokenPolicy.FATAL)
    with pytest.raises(BrokenSampleError, match="sample '1'"):
        _ = [fatal.draw(np.random.default_rng(step)) for step in range(30)]


def test_nothing_but_broken_samples(tmp_path: Path) -> None:
    data = write_data(tmp_path / "none", 1)
    (tmp_path / "none/images/0.png").unlink()
    with pytest.raises(BrokenSampleError, match=r"0\.png is missing"):
        SampleDraws(data).draw(np.random.default_rng(0))


def test_groups_are_checked(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", 1)
    with pytest.raises(ValueError, match="rate of a is 0"):
        MixtureGroup("a", 0, (data,))
    with pytest.raises(ValueError, match="a has no data set"):
        MixtureGroup("a", 1, ())
    with pytest.raises(ValueError, match="have the name 'data'"):
        Mixture("mix", [MixtureGroup("a", 1, (data, data))])


def test_a_recipe(tmp_path: Path) -> None:
    write_data(tmp_path / "one", 2)
    write_data(tmp_path / "two", 1)
    recipe = tmp_path / "own.yaml"
    recipe.write_text(
        "groups:\n  a: {rate: 2, data: [one]}\n  b: {rate: 0.5, data: ['folder:two']}\n"
    )
    mixture = open_data(f"mixture:{tmp_path}:{recipe}")
    assert isinstance(mixture, Mixture)
    assert mixture.name == "own"
    assert [(group.name, group.rate) for group in mixture.groups] == [("a", 2), ("b", 0.5)]
    assert [sample.name for sample in mixture] == ["one/0", "one/1", "two/0"]
    write_folder(mixture, tmp_path / "out")
    assert [sample.name for sample in FolderData(tmp_path / "out")] == ["one/0", "one/1", "two/0"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("groups: {a: {rate: 0, data: [one]}}", "groups: a: rate is 0, it must be above 0"),
        ("groups: {a: {rate: yes, data: [one]}}", "a: rate is True, it must be a number"),
        ("groups: {a: {rate: 1, data: one}}", "a: data is 'one', it must be a list of data sets"),
        ("groups: {a: {rate: 1}}", "groups: a: the key 'data' is missing"),
        ("groups: {a: {rate: .inf, data: [one]}}", "rate is inf, it must be a finite number"),
        ("groups: {a: 3}", "groups: a is 3, it must be a mapping with keys among rate, data"),
        ("groups: {a: {}, a: {}}", "line 1, column 17: the key 'a' is there twice"),
        ("groups: {}", "groups is {}, it must be names of groups, each with rate and data"),
        ("rates: {}", "unknown key 'rates'; known are groups"),
        ("- 1", r"is \[1\], it must be a mapping with keys among groups"),
        ("", "is empty, it must be a mapping with keys among groups"),
        ("groups: {", "no YAML"),
    ],
)
def test_bad_recipes(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(ValueError, match=reason):
        load_mixture_recipe(str(tmp_path / "bad.yaml"))


def test_the_papers_mixture_reads_lisas_arrangement(tmp_path: Path) -> None:
    write_lisa_tree(tmp_path)
    mixture = open_data(f"mixture:{tmp_path}:paper")
    assert isinstance(mixture, Mixture)
    sizes = {group.name: [len(data) for data in group.data] for group in mixture.groups}
    assert sizes == {"semantic": [1, 1, 2, 2, 1], "referring": [2] * 4, "reasoning": [1]}
    draws = SampleDraws(mixture)
    drawn = [draws.draw(np.random.default_rng(step)) for step in range(100)]
    assert all(1 <= len(sample.questions) <= 3 for sample in drawn)
    assert {sample.name.split("/")[0] for sample in drawn} == {
        data.name.split("/")[0] for data in mixture.data
    }
    assert set(draws.broken) == {"pascal_part/train/2008_000003"}
    exported = write_folder(mixture, tmp_path / "out", BrokenPolicy.SKIP)
    assert len(exported.broken) == 1
    assert len(open_data(tmp_path / "out")) == len(mixture) - 1


def test_shipped_recipes(tmp_path: Path) -> None:
    paper = load_mixture_recipe("paper").groups
    rates = {name: group.rate for name, group in paper.items()}
    assert rates == {"semantic": 9, "referring": 3, "reasoning": 1}
    zero_shot = load_mixture_recipe("zero_shot").groups
    assert zero_shot == {name: paper[name] for name in ("semantic", "referring")}
    with pytest.raises(FileNotFoundError, match="must be one of paper, zero_shot"):
        load_mixture_recipe("papr")
    with pytest.raises(ValueError, match="must be mixture:ROOT:NAME"):
        open_data(f"mixture:{tmp_path}")
