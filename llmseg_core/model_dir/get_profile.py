# SPDX-License-Identifier: Apache-2.0
"""A profile from the hub into a model directory: planned, downloaded, checked, put in place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from llmseg_core.runtime.folder_lock import locked
from llmseg_core.runtime.whole_folder import check_replaceable, folder_to_disk, take_place

from .directory import CONFIG_FILE
from .hub import download, part_on_hub
from .profiles import Profile
from .sources import SOURCES_FILE, SourceFile, Sources, damage, file_digest

__all__ = ["Plan", "get_profile", "is_whole", "plan_profile", "work_folder"]

SHA256 = "0" * 64
"""stands for a digest of that kind"""
SPARE = 2**28
"""bytes that must stay free beside what is downloaded"""


@dataclass(frozen=True)
class Plan:
    """What is to be downloaded, and what speaks against it.

    Attributes:
        place: where the model directory will be.
        sources: what it will be made from.
        there: bytes that need not be loaded any more.
        free: bytes that are free on the disk.
    """

    place: Path
    sources: Sources
    there: int
    free: int

    @property
    def total(self) -> int:
        """Bytes of the whole model."""
        return sum(file.size for file in self.sources.files().values())

    @property
    def to_load(self) -> int:
        """Bytes that are still to be downloaded."""
        return self.total - self.there

    @property
    def fits(self) -> bool:
        """Whether the disk has room for it."""
        return self.to_load + SPARE <= self.free


def plan_profile(name: str, profile: Profile, folder: Path, endpoint: str | None = None) -> Plan:
    """Ask the hub what a profile is made of now; nothing is downloaded or written.

    Args:
        name: of the profile.
        profile: what it needs.
        folder: where it shall be.
        endpoint: address of the hub; None is the usual one.

    Raises:
        ValueError: if `folder` holds something that `llmseg get` did not put there, or another
            profile, or a repository is not as it must be.
        NotADirectoryError, PermissionError: if `folder` cannot be made there.
        FileNotFoundError, PermissionError, ConnectionError: as `part_on_hub`.
    """
    place = Path(os.path.realpath(folder.expanduser()))
    nearest = next(each for each in (place, *place.parents) if each.exists())
    if not nearest.is_dir():
        raise NotADirectoryError(f"{nearest} is no folder: name another place with --out")
    if not os.access(nearest, os.W_OK):
        raise PermissionError(f"{nearest} may not be written to: name another place with --out")
    check_replaceable(place, SOURCES_FILE)
    try:
        former = Sources.read(place)
    except ValueError as error:
        raise ValueError(f"{error}: remove {place}, and call this again") from error
    if former is not None and former.profile != name:
        raise ValueError(
            f"{place} holds the profile {former.profile!r}, it is not replaced by {name!r}: name "
            f"another folder with --out"
        )
    sources = Sources(
        name, {key: part_on_hub(part, endpoint) for key, part in profile.parts.items()}
    )
    blobs = work_folder(place) / "blobs"
    former_files = {} if former is None else former.files()
    there = 0
    for path, file in sources.files().items():
        kept = blobs / file.digest
        partial = kept.with_name(f"{kept.name}.partial")
        if kept.is_file() or former_files.get(path) == file:
            there += file.size
        elif partial.is_file():
            there += min(partial.stat().st_size, file.size)
    return Plan(place, sources, there, shutil.disk_usage(nearest).free)


def get_profile(
    plan: Plan,
    profile: Profile,
    inspect: Callable[[Path], object],
    endpoint: str | None = None,
) -> None:
    """Download what a plan says, and put it in its place when all of it is there and right.

    What was loaded before an interruption is kept beside the place, in a hidden folder, and used
    by the next call. Files of the user in the model directory, a changed `llmseg.yaml` too, stay.

    Args:
        plan: from `plan_profile`.
        profile: that it was made for.
        inspect: raises ValueError or FileNotFoundError if a folder is no whole model.
        endpoint: address of the hub.

    Raises:
        OSError: if the plan does not fit on the disk, another process loads the same, the network
            is away, or the disk fills up.
        ValueError: if what arrived is damaged, or is no model.
    """
    if not plan.fits:
        raise OSError(
            f"{plan.place} has no room: {_gb(plan.to_load)} GB are to be downloaded and "
            f"{_gb(SPARE)} must be left, {_gb(plan.free)} GB are free"
        )
    work = work_folder(plan.place)
    with locked(work):
        blobs, new = work / "blobs", work / "model"
        blobs.mkdir(exist_ok=True)
        shutil.rmtree(new, ignore_errors=True)
        for source in plan.sources.parts.values():
            for name, file in source.files.items():
                kept = blobs / file.digest
                if not kept.is_file() and not _adopted(plan, file, kept):
                    download(source, name, kept, endpoint)
        for path, file in plan.sources.files().items():
            _linked(blobs / file.digest, new / path)
        sources = plan.sources
        if profile.llmseg_yaml is not None:
            (new / CONFIG_FILE).write_text(profile.llmseg_yaml, encoding="utf-8")
            sources = replace(sources, settings=file_digest(new / CONFIG_FILE, SHA256))
            inspect(new)
        sources.write(new)
        _keep_users_files(plan.place, new)
        folder_to_disk(new)
        take_place(new, plan.place, SOURCES_FILE)
        shutil.rmtree(work, ignore_errors=True)


def is_whole(name: str, folder: Path) -> bool:
    """Whether a folder holds a profile with all of its files; their contents are not read."""
    try:
        sources = Sources.read(folder)
    except ValueError:
        return False
    return sources is not None and sources.profile == name and not damage(folder, sources)


def work_folder(place: Path) -> Path:
    """Where downloads for a place are kept until they are whole."""
    return place.with_name(f".{place.name}-download")


def _adopted(plan: Plan, file: SourceFile, kept: Path) -> bool:
    """Whether the model directory that is to be replaced has the file already, undamaged."""
    former = Sources.read(plan.place)
    for path, other in {} if former is None else former.files().items():
        old = plan.place / path
        if other == file and old.is_file() and file_digest(old, file.digest) == file.digest:
            _linked(old, kept)
            return True
    return False


def _linked(old: Path, new: Path) -> None:
    """The same file under a second name, or a copy where the file system has no such names."""
    new.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(old, new)
    except OSError:
        shutil.copyfile(old, new)


def _keep_users_files(place: Path, new: Path) -> None:
    """Carry over what is in a model directory and is not as it was written."""
    former = Sources.read(place)
    written = {SOURCES_FILE} if former is None else {SOURCES_FILE, *former.files()}
    if former is not None and former.settings:
        settings = place / CONFIG_FILE
        if settings.is_file() and file_digest(settings, SHA256) == former.settings:
            written.add(CONFIG_FILE)  # as it was written: a newer one may take its place
    for old in place.rglob("*") if place.is_dir() else ():
        path = str(old.relative_to(place))
        if old.is_file() and path not in written:
            (new / path).unlink(missing_ok=True)
            _linked(old, new / path)


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f}"
