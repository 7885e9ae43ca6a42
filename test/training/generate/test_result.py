# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.commands import run
from helpers.data_files import write_picture
from helpers.generate_place import draft, image_of
from llmseg_training.commands.generate import GENERATE
from llmseg_training.data import encode_mask
from llmseg_training.generate.checks.verify import Verdict
from llmseg_training.generate.result.finished import Finished, finished_from, question_id
from llmseg_training.generate.result.other_sets import read_other_sets
from llmseg_training.generate.result.review import review, wilson
from llmseg_training.generate.result.splits import (
    SplitImage,
    SplitRules,
    image_splits,
    without_leaks,
)
from llmseg_training.generate.result.statistics import Numbers
from llmseg_training.generate.result.writer import PROVENANCE, write_data


def pictures(count: int, videos: int = 0) -> list[SplitImage]:
    rng = np.random.default_rng(0)
    return [
        SplitImage(
            f"image {at}", f"video {at % videos}" if videos else "", int(rng.integers(2**63))
        )
        for at in range(count)
    ]


def test_shares_of_the_splits() -> None:
    """The paper's 11 : 1 : 2."""
    splits = image_splits(pictures(1400), SplitRules(), 0)
    assert Counter(splits.values()) == {"train": 1100, "validation": 100, "test": 200}
    assert image_splits(pictures(1400), SplitRules(), 0) == splits
    assert image_splits(pictures(1400), SplitRules(), 1) != splits
    only = image_splits(pictures(9), SplitRules(train=0, validation=0, test=1), 0)
    assert set(only.values()) == {"test"}


def test_videos_and_like_images_stay_together() -> None:
    images = pictures(60, videos=12)
    images += [SplitImage(f"copy {at}", "", images[at].hash ^ 5) for at in range(12)]
    splits = image_splits(images, SplitRules(train=2, validation=1, test=1), 0)
    for image in images:
        twin = image.name.replace("copy", "image")
        assert splits[image.name] == splits[twin]
        assert splits[twin] == splits[f"image {int(twin.split()[1]) % 12}"]
    assert len(set(splits.values())) == 3


TEXT = "What could I use to cut this sheet of paper?"


def verdicts() -> list[Verdict]:
    return [
        Verdict(draft(TEXT, 0, answer="scissors", image="a")),
        Verdict(draft("Now what could I use to cut this sheet of paper?", 0, answer="scissors",
                      image="b")),
        Verdict(draft("Which of these keeps tea warm for hours?", 0, answer="pot", image="a")),
        Verdict(draft("I want to hang up a picture of my cat.", 0, answer="hammer", image="b")),
    ]  # fmt: skip


def test_no_question_leaks_into_another_split() -> None:
    splits = {"a": "train", "b": "test"}
    kept, lost = without_leaks(verdicts(), splits, SplitRules(), 0)
    assert [(each.draft.text, code) for each, code in lost] == [(TEXT, "alike_across_splits")]
    assert len(kept) == 3
    assert without_leaks(verdicts(), dict.fromkeys("ab", "train"), SplitRules(), 0)[1] == []
    elsewhere = [("Which of these keeps our tea warm for hours?", "reason_seg")]
    _, lost = without_leaks(verdicts(), dict.fromkeys("ab", "train"), SplitRules(), 0, elsewhere)
    assert [code for _, code in lost] == ["alike_to_other_set"]


def test_categories_that_only_test_asks_about() -> None:
    rules = SplitRules(held_out_categories=0.4)  # one of three answers
    splits = {"a": "train", "b": "test"}
    _, lost = without_leaks(verdicts(), splits, rules, 0)
    held = [each.draft.answer for each, code in lost if code == "held_out_category"]
    everywhere = without_leaks(verdicts(), dict.fromkeys("ab", "test"), rules, 0)[1]
    assert len(set(held)) <= 1
    assert everywhere == []
    hits = set()
    for seed in range(12):
        _, lost = without_leaks(verdicts(), splits, rules, seed)
        hits |= {each.draft.answer for each, code in lost if code == "held_out_category"}
    assert hits == {"scissors", "pot"}  # what image "b" asks about stays in test


def test_other_sets(tmp_path: Path) -> None:
    pair = {"question": TEXT, "answer": "x", "rle_seg": encode_mask(np.ones((48, 64), bool))}
    entry = {"from_dataset": "coco", "qa_pairs": [pair]}
    names = ["000000000009.jpg", "000000000010.jpg"]
    (tmp_path / "test.json").write_text(json.dumps(dict.fromkeys(names, entry)))
    write_picture(tmp_path / "coco/train2017" / names[0], 4)
    found = read_other_sets([f"llm_seg40k:{tmp_path}:test"])
    assert (found.broken, [text for text, _ in found.questions]) == (1, [TEXT])
    assert found.has_image("COCO_val2014_000000000009", hash=0)
    assert not found.has_image("000000000011", hash=0)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A data set of two images and four questions."""
    one = image_of(tmp_path, ("mug", (0, 0, 20, 20)), ("pot", (24, 24, 40, 60)), name="a")
    two = image_of(tmp_path, ("hammer", (4, 4, 30, 30)), name="b")
    given = [(one, 0), (two, 1)]
    asked = {
        "a": [draft(TEXT, 0, answer="mug"), draft("Both </script>", 0, 1, answer="mug, pot")],
        "b": [
            draft("I want to hang up a picture.", 0, answer="hammer", image="b"),
            draft("I want to fly to the moon.", kind="nothing", answer="rocket", image="b"),
        ],
    }  # fmt: skip
    folder = tmp_path / "out/data"
    folder.mkdir(parents=True)
    write_data(
        folder,
        [
            (
                image,
                [
                    Finished(
                        question_id(each), ("train", "test")[split], Verdict(each, (True,), False)
                    )
                    for each in asked[image.name]
                ],
            )
            for image, split in given
        ],
        2,
    )
    (folder / "README.md").write_text("# x\n\n## Checked by people\n\nNobody.\n\n## Next\n\nend\n")
    return tmp_path / "out"


def records(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "data" / PROVENANCE).read_text().splitlines()]


def test_provenance_goes_there_and_back(out: Path) -> None:
    for record in records(out):
        plain = {key: record[key] for key in record if key not in ("source", "video", "file")}
        assert finished_from(record).plain() == plain


def test_the_page_shows_every_question_once(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(GENERATE, "page", out) == 0
    assert "shows 4 questions" in capsys.readouterr().out
    page = (out / "review.html").read_text()
    items = json.loads(page.partition("const items = ")[2].partition(";\n")[0])
    assert sorted(each["id"] for each in items) == sorted(each["id"] for each in records(out))
    assert all(each["picture"].startswith("data:image/jpeg;base64,") for each in items)
    assert page.count("</script>") == 1  # no question ends the page
    nothing = next(each for each in items if each["kind"] == "nothing")
    assert nothing["answer"] == "nothing fits"
    run(GENERATE, "page", out, "--samples", 2)
    assert "shows 2 questions" in capsys.readouterr().out


def test_verdicts_of_people(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ids = [each["id"] for each in records(out)]
    said = {
        ids[0]: {"verdict": "accept"},
        ids[1]: {"verdict": "reject", "reason": "wrong mask"},
        ids[2]: {"verdict": "accept"},
    }
    file = out / "verdicts.json"
    file.write_text(json.dumps({"shown": 4, "verdicts": said}))
    assert run(GENERATE, "accept", out, file) == 0
    text = capsys.readouterr().out
    assert "accepted 2 of 3 questions: 66.7 %" in text.replace("66.7%", "66.7 %")
    assert "1 of 4 not looked at" in text
    assert "rejected as wrong mask: 1" in text
    card = (out / "data/README.md").read_text()
    assert "accepted 2 of 3" in card
    assert "Nobody" not in card
    assert card.endswith("## Next\n\nend\n")
    assert json.loads((out / "review.json").read_text())["accepted"] == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "is not what the page"),
        ("{", "is no JSON"),
        ('{"shown": 1, "verdicts": {"nobody": {"verdict": "accept"}}}', "the question 'nobody'"),
    ],
)
def test_files_that_are_no_verdicts(out: Path, content: str, message: str) -> None:
    file = out / "verdicts.json"
    file.write_text(content)
    with pytest.raises(ValueError, match=message):
        review(out, file)
    first = records(out)[0]["id"]
    file.write_text(json.dumps({"shown": 1, "verdicts": {first: {"verdict": "yes"}}}))
    with pytest.raises(ValueError, match="'yes', it must be one of accept, reject, unsure"):
        review(out, file)


def test_wilson() -> None:
    """Newcombe (1998), table I: 81 of 263 and 0 of 20."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=2e-4)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=2e-4)
    assert wilson(5, 5)[1] == 1
    with pytest.raises(ValueError, match="6 of 5"):
        wilson(6, 5)


def test_numbers() -> None:
    numbers = Numbers()
    asked = [
        Finished("1", "train", Verdict(draft("one two three four", 0, answer="mug"))),
        Finished("2", "train", Verdict(draft("one two", kind="nothing"))),
    ]
    numbers.add(asked, [0.25, 0.0])
    plain = numbers.plain()
    assert (plain["questions_an_image"], plain["words"], plain["categories"]) == (2, 3, 1)
    assert plain["nothing_share"] == 0.5
    assert Numbers().plain()["words"] is None
