# SPDX-License-Identifier: Apache-2.0
"""Recordings as they are found in the world: whole, torn, edited, with types that nobody knows."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from llmseg_core.recordings.recording import Recording
from llmseg_core.recordings.recording_files import is_recording
from llmseg_core.recordings.storage import DamagedMessage, RecordingError

IMAGE, TEXT = "sensor_msgs/msg/Image", "std_msgs/msg/String"
COUNT, SIZE = 20, 3000
SUFFIX = {"mcap": ".mcap", "sqlite3": ".db3"}


def content(number: int) -> bytes:
    """What stands for a serialized message; no two are alike, and none compresses well."""
    return struct.pack("<4BI", 0, 1, 0, 0, number) + Random(number).randbytes(SIZE)


def write(folder: Path, storage: str = "mcap", compression: str = "none", **types: str) -> Path:
    """A recording of 20 images at 10 Hz, with a text between two of them."""
    plugin = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}[storage]
    store = get_typestore(Stores.LATEST)
    writer = Writer(folder, version=9, storage_plugin=plugin)
    if compression != "none":
        writer.set_compression(CompressionMode[compression.upper()], CompressionFormat.ZSTD)
    with writer:
        images = writer.add_connection("/image", IMAGE, typestore=store)
        texts = writer.add_connection("/text", TEXT, typestore=store)
        for number in range(COUNT):
            time = number * 10**8
            writer.write(images, time, content(number))
            writer.write(texts, time + 1, content(1000 + number))
    return folder


def numbers(recording: Recording, topic: str = "/image") -> list[int]:
    """The messages that can be read, by number; checks that they are whole."""
    read = []
    for message in recording.messages(topic):
        try:
            data = message.read()
        except DamagedMessage:
            continue
        (number,) = struct.unpack_from("<I", data, 4)
        if data == content(number):
            assert message.time_ns == number * 10**8
            read.append(number)
    return read


def storage_file(folder: Path) -> Path:
    (file,) = (path for path in folder.iterdir() if path.name != "metadata.yaml")
    return file


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A whole recording of each kind."""
    folder = tmp_path_factory.mktemp("recordings")
    kinds = [
        (storage, compression)
        for storage in SUFFIX
        for compression in ("none", "file", "message", "storage")
        if (storage, compression) != ("sqlite3", "storage")
    ]
    return {
        f"{storage}-{compression}": write(folder / f"{storage}_{compression}", storage, compression)
        for storage, compression in kinds
    }


KINDS = [
    *("mcap-none", "mcap-file", "mcap-message", "mcap-storage"),
    *("sqlite3-none", "sqlite3-file", "sqlite3-message"),
]


@pytest.fixture
def copy(whole: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """Copies a whole recording, to be damaged."""

    def copied(kind: str) -> Path:
        folder = tmp_path / "x"
        folder.mkdir()
        for file in whole[kind].iterdir():
            (folder / file.name.replace(whole[kind].name, "x")).write_bytes(file.read_bytes())
        metadata = folder / "metadata.yaml"
        metadata.write_text(metadata.read_text().replace(whole[kind].name, "x"))
        return folder

    return copied


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_by_its_folder_and_by_its_file(whole: dict[str, Path], kind: str) -> None:
    for path in (whole[kind], whole[kind] / "metadata.yaml", storage_file(whole[kind])):
        assert is_recording(path)
        recording = Recording(path)
        assert recording.types == {"/image": IMAGE, "/text": TEXT}
        assert numbers(recording) == list(range(COUNT))
        assert len(recording.messages("/text")) == COUNT
        assert recording.damage == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("metadata", [None, "", "rosbag2_bagfile_information: {version: 5}", "}:{"])
def test_a_recorder_that_was_killed_before_the_end(
    copy: Callable[[str], Path], kind: str, metadata: str | None
) -> None:
    folder = copy(kind)
    (folder / "metadata.yaml").unlink()
    if metadata is not None:
        (folder / "metadata.yaml").write_text(metadata)
    assert is_recording(folder)
    assert numbers(Recording(folder)) == list(range(COUNT))


@pytest.mark.parametrize("kind", KINDS)
def test_names_in_capitals(copy: Callable[[str], Path], kind: str) -> None:
    file = storage_file(copy(kind))
    renamed = file.rename(file.with_name(file.name.upper()))
    assert is_recording(renamed)
    assert numbers(Recording(renamed)) == list(range(COUNT))


@pytest.mark.parametrize("kind", ["mcap-none", "mcap-storage", "sqlite3-none"])
def test_a_file_that_is_cut_off(copy: Callable[[str], Path], kind: str) -> None:
    folder = copy(kind)
    file = storage_file(folder)
    data = file.read_bytes()
    for share in (0.4, 0.7, 0.9):
        file.write_bytes(data[: int(len(data) * share)])
        recording = Recording(folder)
        left = numbers(recording)
        assert left == list(range(len(left)))
        assert COUNT * (share - 0.3) <= len(left) < COUNT
        assert any(str(file) in note for note in recording.damage)


def test_an_mcap_that_was_not_closed(copy: Callable[[str], Path]) -> None:
    folder = copy("mcap-none")
    file = storage_file(folder)
    data = file.read_bytes()
    file.write_bytes(data[: data.index(b"\x0f\x04" + bytes(7))])  # up to the end of the data
    assert numbers(Recording(folder)) == list(range(COUNT))


@pytest.mark.parametrize("kind", ["mcap-file", "sqlite3-file"])
def test_a_compressed_file_that_is_cut_off(copy: Callable[[str], Path], kind: str) -> None:
    folder = copy(kind)
    file = storage_file(folder)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    for path in (folder, file):
        with pytest.raises(RecordingError, match=r"cannot be decompressed .*: copy it again|cut"):
            Recording(path)


def opened(path: Path) -> Recording | None:
    """The recording; None if it is refused, which must be in one sentence."""
    try:
        return Recording(path)
    except RecordingError as error:
        reason = str(error)
    assert str(path) in reason
    assert "\n" not in reason
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_overwritten_bytes_cost_the_messages_that_they_are_in(
    copy: Callable[[str], Path], kind: str
) -> None:
    file = storage_file(copy(kind))
    data = file.read_bytes()
    is_one_piece = kind.endswith(("file", "storage"))  # of which all or nothing can be had
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        place = int(len(data) * share)
        file.write_bytes(data[:place] + bytes(range(1, 65)) + data[place + 64 :])
        recording = opened(file)
        assert recording is not None or is_one_piece
        left = numbers(recording) if recording else []
        assert set(left) <= set(range(COUNT))
        assert len(left) >= COUNT - 3 or is_one_piece


def test_any_byte_may_be_wrong(copy: Callable[[str], Path]) -> None:
    """At the beginning and the end, where the tables and indexes are."""
    for kind in ("mcap-none", "mcap-storage", "sqlite3-none"):
        file = storage_file(copy(kind))
        data = file.read_bytes()
        for place in (*range(0, 400, 7), *range(len(data) - 900, len(data), 11)):
            file.write_bytes(data[:place] + b"\xff" * 5 + data[place + 5 :])
            if recording := opened(file):
                assert set(numbers(recording)) <= set(range(COUNT))
        file.unlink()
        (file.parent / "metadata.yaml").unlink()
        file.parent.rmdir()


def test_a_page_that_is_overwritten_costs_its_messages(copy: Callable[[str], Path]) -> None:
    """Every page of a database but the first, which says what it is."""
    file = storage_file(copy("sqlite3-none"))
    data = file.read_bytes()
    size = struct.unpack_from(">H", data, 16)[0]
    counts = []
    for place in range(size, len(data), size):
        file.write_bytes(data[:place] + b"\xa5" * size + data[place + size :])
        if recording := opened(file):
            counts.append(len(numbers(recording)))
    assert len(counts) >= len(data) // size - 6
    assert sum(counts) / len(counts) > COUNT - 2


def test_types_that_nobody_knows(copy: Callable[[str], Path]) -> None:
    folder = copy("sqlite3-none")
    with sqlite3.connect(storage_file(folder)) as database:
        database.execute(
            "INSERT INTO message_definitions(topic_type, encoding, encoded_message_definition,"
            " type_description_hash) VALUES('my_msgs/msg/Foo', 'unknown', '', '')"
        )
        database.execute(
            "INSERT INTO topics(name, type, serialization_format, offered_qos_profiles,"
            " type_description_hash) VALUES('/foo', 'my_msgs/msg/Foo', 'cdr', '', '')"
        )
    recording = Recording(folder)
    assert recording.types["/foo"] == "my_msgs/msg/Foo"
    assert numbers(recording) == list(range(COUNT))
    assert recording.messages("/foo") == []


def test_definitions_that_nobody_can_read(copy: Callable[[str], Path]) -> None:
    """In mcap: another encoding of the schema, another profile, another hash."""
    file = storage_file(copy("mcap-none"))
    data = file.read_bytes()
    assert data.count(b"ros2msg") >= 2
    for old, new in ((b"ros2msg", b"unknown"), (b"\x04\0\0\0ros2", b"\x04\0\0\0ours")):
        file.write_bytes(data.replace(old, new))
        assert numbers(Recording(file)) == list(range(COUNT))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("history", ["keep_last", "often", "[1, 2]"])
def test_edited_metadata(copy: Callable[[str], Path], kind: str, history: str) -> None:
    metadata = copy(kind) / "metadata.yaml"
    text = metadata.read_text()
    assert "offered_qos_profiles: []" in text
    profile = f"[{{history: {history}, depth: 5}}]"
    metadata.write_text(
        text.replace("offered_qos_profiles: []", f"offered_qos_profiles: {profile}")
    )
    assert numbers(Recording(metadata.parent)) == list(range(COUNT))


def test_a_recording_in_several_files(whole: dict[str, Path], tmp_path: Path) -> None:
    """In the order of their numbers, whichever of them there are."""
    data = storage_file(whole["mcap-none"]).read_bytes()
    for number in (10, 2, 1):
        (tmp_path / f"x_{number}.mcap").write_bytes(data)
    (tmp_path / "x_3.mcap").touch()
    (tmp_path / "._x_1.mcap").write_bytes(b"Mac OS X")
    recording = Recording(tmp_path)
    assert len(recording.messages("/image")) == 3 * COUNT
    assert recording.damage == [f"cannot read the recording '{tmp_path / 'x_3.mcap'}': it is empty"]

    (tmp_path / "metadata.yaml").write_text(
        "rosbag2_bagfile_information: {relative_file_paths: [y/x_1.mcap, x_4.mcap]}"
    )
    recording = Recording(tmp_path)
    assert len(recording.messages("/image")) == COUNT
    assert "lacks x_4.mcap" in recording.damage[0]


def test_a_file_beside_its_compressed_copy_is_read_once(
    whole: dict[str, Path], tmp_path: Path
) -> None:
    name = storage_file(whole["mcap-file"]).name
    (tmp_path / name).write_bytes(storage_file(whole["mcap-file"]).read_bytes())
    plain = name.removesuffix(".zstd")
    (tmp_path / plain).write_bytes(storage_file(whole["mcap-none"]).read_bytes())
    assert len(Recording(tmp_path).messages("/image")) == COUNT


def test_what_a_killed_recorder_left_in_the_log(whole: dict[str, Path], tmp_path: Path) -> None:
    source = sqlite3.connect(storage_file(whole["sqlite3-none"]))
    database = sqlite3.connect(tmp_path / "x_0.db3")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA wal_autocheckpoint = 0")
    for line in source.iterdump():
        if line not in ("BEGIN TRANSACTION;", "COMMIT;"):
            database.execute(line)
    database.commit()
    assert (tmp_path / "x_0.db3-wal").stat().st_size > 0
    assert numbers(Recording(tmp_path)) == list(range(COUNT))
    database.close()
    source.close()


def test_nothing_is_written_beside_a_recording(copy: Callable[[str], Path]) -> None:
    folder = copy("sqlite3-none")
    with sqlite3.connect(storage_file(folder)) as database:
        database.execute("PRAGMA journal_mode = WAL")
    database.close()
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    recording = Recording(folder)
    assert numbers(recording) == list(range(COUNT))
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("names", "opened", "reason"),
    [
        (["a.bag"], "a.bag", r"ROS 1 bag, convert it: rosbags-convert --src a\.bag --dst a"),
        (["a.BAG"], "a.BAG", "ROS 1 bag"),
        (["a.bag.active"], "a.bag.active", "not closed: rosbag reindex"),
        (["x_0.db3-wal"], "x_0.db3-wal", r"name the \.db3 file beside it"),
        (["a_0.mcap", "b_0.mcap"], ".", "several recordings .* name one of a_0.mcap, b_0.mcap"),
        (["metadata.yaml"], ".", "no storage file in it"),
        (["x.mcap"], "x.mcap", "does not begin as an mcap file does"),
        (["x.db3"], "x.db3", "no rosbag2 database that can be read"),
        (["x.db3.zstd"], "x.db3.zstd", "cannot be decompressed"),
    ],
)
def test_what_is_no_recording(tmp_path: Path, names: list[str], opened: str, reason: str) -> None:
    for name in names:
        (tmp_path / name).write_bytes(b"neither one nor the other" * 100)
    path = tmp_path / opened
    assert is_recording(path)
    with pytest.raises(RecordingError, match=reason) as error:
        Recording(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("name", ["photo.png", "video.mp4", "._x.mcap", "notes.yaml"])
def test_other_files(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"content")
    assert not is_recording(tmp_path / name)
    assert not is_recording(tmp_path)
