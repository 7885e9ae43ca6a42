# SPDX-License-Identifier: Apache-2.0
"""Model directories: whole or not, and whether the GPU holds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from llmseg_core.methods.method import inspect_method
from llmseg_core.model_dir.directory import method_name, model_directory
from llmseg_core.model_dir.get_profile import work_folder
from llmseg_core.model_dir.profiles import load_profiles, profile_folder, profiles_within
from llmseg_core.model_dir.sources import SOURCES_FILE, Sources, damage, file_digest
from llmseg_core.model_dir.wholeness import weights_damage
from llmseg_core.runtime.gpu_memory import GB, gpu_memories
from llmseg_core.runtime.whole_folder import check_replaceable

from .finding import Finding, State

__all__ = ["check_models", "interrupted_downloads", "models_here"]


def models_here() -> list[str]:
    """The packaged model, and the profiles that were downloaded to their usual place."""
    return ["embedded", *(name for name in load_profiles() if profile_folder(name).is_dir())]


def interrupted_downloads() -> Iterator[Finding]:
    """What is kept of downloads that did not come to their end."""
    for name in load_profiles():
        work = work_folder(profile_folder(name))
        size = sum(path.stat().st_size for path in work.rglob("*") if path.is_file())
        if size:
            text = f"{size / 1e9:.2f} GB of {name} are kept of a download that was interrupted"
            remedy = f"llmseg get {name}  (or remove {work})"
            yield Finding("download", State.NOTE, text, remedy, {"path": str(work), "bytes": size})


def check_models(names: Sequence[str], digests: bool = False) -> Iterator[Finding]:
    """How each of some models stands; no weights are loaded.

    Args:
        names: paths, "embedded" or profiles.
        digests: whether all contents of downloaded ones are compared with the hub's digests.
    """
    for name in names:
        try:
            yield _model(name, digests)
        except (OSError, ValueError) as error:
            yield Finding(f"model {name}", State.WRONG, str(error), _how_to_get(name))
            continue
        yield from _memory(name)


def _how_to_get(name: str) -> str:
    if name not in load_profiles():
        return "llmseg get --list"
    try:
        check_replaceable(profile_folder(name), SOURCES_FILE)
    except ValueError:  # of somebody else, which `llmseg get` leaves alone
        return f"llmseg get {name}, after moving {profile_folder(name)} away"
    return f"llmseg get {name}"


def _model(name: str, digests: bool) -> Finding:
    profile = load_profiles().get(name)
    if profile is not None and profile.llmseg_yaml is None:
        return _parts(name, digests)
    folder = model_directory(name)
    method = method_name(folder)
    inspect_method(folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    values: dict[str, object] = {"path": str(folder), "method": method, "bytes": size}
    if wrong := _damage(folder, digests):
        return _damaged(name, wrong, folder, values)
    checked = ", every digest is right" if digests and Sources.read(folder) else ""
    text = f"{method}, {size / 1e9:.2f} GB in {folder}, whole{checked}"
    return Finding(f"model {name}", State.GOOD, text, values=values)


def _parts(name: str, digests: bool) -> Finding:
    """A profile that is no model by itself."""
    folder = profile_folder(name)
    if Sources.read(folder) is None:
        raise FileNotFoundError(f"the profile {name!r} is not on this machine yet")
    values: dict[str, object] = {"path": str(folder)}
    if wrong := _damage(folder, digests):
        return _damaged(name, wrong, folder, values)
    return Finding(f"model {name}", State.NOTE, f"parts in {folder}, no model yet", values=values)


def _damaged(name: str, wrong: list[str], folder: Path, values: dict[str, object]) -> Finding:
    sources = Sources.read(folder)
    if sources is None:
        remedy = "copy it again from where it came"
    else:
        out = "" if folder == profile_folder(sources.profile) else f" --out {folder}"
        remedy = f"llmseg get {sources.profile}{out} --update"
    more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    text = f"not whole: {wrong[0]}{more}"
    return Finding(f"model {name}", State.WRONG, text, remedy, {**values, "damage": wrong})


def _damage(folder: Path, digests: bool) -> list[str]:
    sources = Sources.read(folder)
    wrong = [] if sources is None else damage(folder, sources)
    for path in (folder, *sorted(each for each in folder.iterdir() if each.is_dir())):
        wrong += weights_damage(path)
    if digests and sources is not None and not wrong:
        for name, file in sources.files().items():
            if file_digest(folder / name, file.digest) != file.digest:
                wrong.append(f"{name} has not the hub's digest")
    return wrong


def _memory(name: str) -> Iterator[Finding]:
    """Whether the GPU with the most free memory holds a profile."""
    profile, gpus = load_profiles().get(name), gpu_memories()
    if profile is None or not profile.gpu_memory_gb or profile.llmseg_yaml is None:
        return
    free = max((gpu.free for gpu in gpus), default=0) / GB
    if free >= profile.gpu_memory_gb:
        return
    text = f"{name} needs about {profile.gpu_memory_gb:g} GB (estimated), {free:.1f} GB are free"
    remedy = f"llmseg get {profiles_within(free, load_profiles())[0]}"
    if gpus:
        remedy += "  (or end other programs on the GPU: nvidia-smi)"
    else:
        text += ": on a CPU an answer takes minutes"
    yield Finding("GPU memory", State.WARNING, text, remedy)
