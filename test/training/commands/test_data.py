# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import argparse
import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from helpers.data_files import box_mask, picture, write_picture
from llmseg_training.commands.data import DATA
from llmseg_training.data import FolderData, encode_mask


def run(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    DATA.add_arguments(parser)
    return DATA.run(parser.parse_intermixed_args([str(each) for each in arguments]))


def write_data(folder: Path) -> None:
    """Two images with three questions."""
    questions = [
        {"text": "what cuts?", "mask": encode_mask(box_mask(0, 0, 24, 64))},
        {"text": "a fork", "kind": "category", "mask": encode_mask(box_mask(0, 0, 0, 0))},
        {
            "text": "the left cup",
            "kind": "phrase",
            "mask": encode_mask(box_mask(0, 0, 48, 16)),
            "ignore": encode_mask(box_mask(0, 60, 48, 64)),
        },
    ]
    lines = [
        {"image": "images/a.png", "questions": questions[:2]},
        {"image": "images/b.png", "questions": questions[2:]},
    ]
    for name in "ab":
        write_picture(folder / f"images/{name}.png")
    text = "\n".join(json.dumps(line) for line in lines)
    (folder / "samples.jsonl").write_text(text)


def test_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_data(tmp_path / "desk")
    assert run("check", tmp_path / "desk") == 0
    assert capsys.readouterr().out.splitlines() == [
        "desk: 2 images, 3 questions",
        "  questions     1 instruction, 1 phrase, 1 category",
        "  an image      1 to 2 questions, median 1.5",
        "  image sizes   64 x 48 (2)",
        "  mask areas    25.00% at 0%, 26.25% at 5%, 31.25% at 25%, 37.50% at 50%, "
        "43.75% at 75%, 48.75% at 95%, 50.00% at 100%",
        "  empty masks   1",
        "  with ignore   1",
        "desk: 0 of 2 samples are broken",
    ]


def test_check_lists_what_is_broken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_data(tmp_path / "desk")
    (tmp_path / "desk/images/a.png").unlink()
    (tmp_path / "desk/images/b.png").write_bytes(b"no picture")
    assert run("check", tmp_path / "desk") == 1
    images = tmp_path / "desk/images"
    assert capsys.readouterr().out.splitlines() == [
        "desk: 0 images, 0 questions",
        "desk: 2 of 2 samples are broken",
        "  1 x the image ... is missing",
        f"    a: the image {images}/a.png is missing",
        "  1 x ... is no image that can be read: cannot identify image file ...",
        f"    b: {images}/b.png is no image that can be read: cannot identify image file "
        f"'{images}/b.png'",
    ]


def test_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_data(tmp_path / "desk")
    assert run("export", f"folder:{tmp_path / 'desk'}", tmp_path / "out") == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"{tmp_path / 'out'} has 2 samples"
    assert [sample.name for sample in FolderData(tmp_path / "out")] == ["a", "b"]


def test_export_of_broken_samples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_data(tmp_path / "desk")
    (tmp_path / "desk/images/a.png").unlink()
    with pytest.raises(ValueError, match="desk: sample 'a'"):
        run("export", tmp_path / "desk", tmp_path / "out")
    assert run("export", tmp_path / "desk", tmp_path / "out", "--broken", "skip") == 1
    assert "1 of 2 samples are broken" in capsys.readouterr().out
    assert [sample.name for sample in FolderData(tmp_path / "out")] == ["b"]


def test_wrong_arguments(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="export needs a second argument"):
        run("export", tmp_path)
    with pytest.raises(ValueError, match="is too much"):
        run("check", tmp_path, tmp_path)


TYPES = get_typestore(Stores.LATEST)
RAW, COMPRESSED, HEADER, TIME = (
    TYPES.types[name]
    for name in (
        "sensor_msgs/msg/Image",
        "sensor_msgs/msg/CompressedImage",
        "std_msgs/msg/Header",
        "builtin_interfaces/msg/Time",
    )
)
NO_HEADER = HEADER(stamp=TIME(sec=0, nanosec=0), frame_id="camera")


def raw(seed: int, encoding: str = "rgb8", height: int = 48) -> Any:
    return RAW(
        header=NO_HEADER,
        height=height,
        width=64,
        encoding=encoding,
        is_bigendian=0,
        step=192,
        data=picture(seed).ravel(),
    )


def compressed(content: bytes) -> Any:
    data = np.frombuffer(content, np.uint8)
    return COMPRESSED(header=NO_HEADER, format="jpeg", data=data)


def encoded(kind: str) -> bytes:
    buffer = BytesIO()
    Image.fromarray(picture(0)).convert("L").save(buffer, kind)
    return buffer.getvalue()


def write_recording(folder: Path, **topics: list[Any]) -> None:
    """Messages on each topic, half a second apart from second 1 on."""
    with Writer(folder, version=8, storage_plugin=StoragePlugin.MCAP) as writer:
        for topic, messages in topics.items():
            kind = messages[0].__msgtype__
            connection = writer.add_connection(f"/{topic}", kind, typestore=TYPES)
            for index, message in enumerate(messages):
                stamp = 10**9 + index * 500_000_000
                writer.write(connection, stamp, TYPES.serialize_cdr(message, kind))


def test_frames(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_recording(tmp_path / "bag", camera=[raw(seed) for seed in range(6)])
    assert run("frames", tmp_path / "bag", tmp_path / "out", "--every", "1") == 0
    names = sorted(path.name for path in (tmp_path / "out/images").iterdir())
    assert names == ["1000000000.png", "2000000000.png", "3000000000.png"]
    for name, seed in zip(names, (0, 2, 4), strict=True):
        assert np.array_equal(np.array(Image.open(tmp_path / "out/images" / name)), picture(seed))
    assert capsys.readouterr().out == f"{tmp_path / 'out/images'} has 3 images\n"
    (tmp_path / "out/images" / names[0]).write_bytes(b"kept")
    assert run("frames", tmp_path / "bag", tmp_path / "out", "--every", "0.5") == 0
    assert len(list((tmp_path / "out/images").iterdir())) == 6
    assert (tmp_path / "out/images" / names[0]).read_bytes() == b"kept"


def test_compressed_frames_stay_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contents = [encoded("JPEG"), encoded("PNG")]
    write_recording(tmp_path / "bag", camera=[compressed(each) for each in contents])
    assert run("frames", tmp_path / "bag", tmp_path / "out", "--every", "0") == 0
    for name, content in zip(("1000000000.jpg", "1500000000.png"), contents, strict=True):
        assert (tmp_path / "out/images" / name).read_bytes() == content
    assert capsys.readouterr().out == f"{tmp_path / 'out/images'} has 2 images\n"


def test_frames_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = [raw(0, encoding="riddle"), raw(0, height=480), raw(0, height=0), raw(0)]
    junk = [encoded("JPEG")[:200], b"junk", b"", encoded("BMP"), encoded("JPEG")]
    write_recording(tmp_path / "bag", raw=bad, jpeg=[compressed(each) for each in junk])
    for topic, count in (("/raw", 3), ("/jpeg", 4)):
        arguments = ("frames", tmp_path / "bag", tmp_path / topic[1:], "--topic", topic)
        assert run(*arguments) == 1
        assert len(list((tmp_path / topic[1:] / "images").iterdir())) == 1
        errors = capsys.readouterr().err
        assert errors.count(f"llmseg data: {topic} at ") == count


def test_frames_of_a_torn_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_recording(tmp_path / "bag", camera=[raw(seed) for seed in range(6)])
    (tmp_path / "bag/metadata.yaml").unlink()
    file = tmp_path / "bag/bag.mcap"
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 3 // 5])
    assert run("frames", tmp_path / "bag", tmp_path / "out", "--every", "0") == 1
    assert 2 <= len(list((tmp_path / "out/images").iterdir())) < 6
    assert f"llmseg data: '{file}': it was not closed" in capsys.readouterr().err


def test_frames_with_padded_rows_and_of_a_mosaic(tmp_path: Path) -> None:
    padded = raw(3)
    rows = np.pad(padded.data.reshape(padded.height, -1), ((0, 0), (0, 5)), constant_values=170)
    padded = replace(padded, step=rows.shape[1], data=rows.ravel())
    mosaic = np.tile(np.array([[200, 90], [90, 30]], np.uint8), (4, 4))
    buffer = BytesIO()
    Image.fromarray(mosaic).save(buffer, "PNG")
    bayer = replace(compressed(buffer.getvalue()), format="bayer_rggb8; png compressed ")
    depth = replace(bayer, format="16UC1; compressedDepth png")
    write_recording(tmp_path / "bag", raw=[padded], eye=[bayer, depth])
    assert run("frames", tmp_path / "bag", tmp_path / "raw", "--topic", "raw") == 0
    (image,) = (tmp_path / "raw/images").iterdir()
    assert np.array_equal(np.array(Image.open(image)), picture(3))
    assert run("frames", tmp_path / "bag", tmp_path / "eye", "--topic", "/eye", "--every", "0") == 1
    (image,) = (tmp_path / "eye/images").iterdir()
    assert np.array(Image.open(image))[4, 4].tolist() == [200, 90, 30]


def test_which_topic(tmp_path: Path) -> None:
    write_recording(tmp_path / "bag", left=[raw(0)], right=[raw(1)])
    with pytest.raises(ValueError, match=r"topic is None.*image topics /left, /right"):
        run("frames", tmp_path / "bag", tmp_path / "out")
    with pytest.raises(ValueError, match="topic is '/up'"):
        run("frames", tmp_path / "bag", tmp_path / "out", "--topic", "/up")
    assert run("frames", tmp_path / "bag", tmp_path / "out", "--topic", "/left") == 0
    with pytest.raises(ValueError, match="no recording that can be read"):
        run("frames", tmp_path, tmp_path / "out")
    with pytest.raises(ValueError, match="every is -1"):
        run("frames", tmp_path / "bag", tmp_path / "out", "--every", "-1")
