# SPDX-License-Identifier: Apache-2.0
"""`llmseg get`: a profile's weights from the hub; the one command that uses the network."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from .command import Command

if TYPE_CHECKING:
    from llmseg_core.model_dir.get_profile import Plan
    from llmseg_core.model_dir.profiles import Profile

__all__ = ["GET"]

WIDTH = 100


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("profile", nargs="?", metavar="PROFILE", help="its name, see --list")
    parser.add_argument("--list", action="store_true", help="show what there is, and end")
    parser.add_argument(
        "--out", type=Path, metavar="DIR",
        help="model directory (default: ~/.local/share/llmseg/PROFILE, which `model` then finds by "
        "the profile's name)",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and end")
    parser.add_argument(
        "--update", action="store_true", help="look for newer weights though the profile is there"
    )


def _run(options: argparse.Namespace) -> int:
    from llmseg_core.model_dir.profiles import load_profiles, profile_folder, profile_named

    profiles = load_profiles()
    if options.list:
        _print_table(profiles)
        return 0
    name = options.profile
    if name is None:
        raise ValueError(f"which profile? There are {', '.join(profiles)}; --list says more")
    if name == "embedded":
        print("embedded comes with the package, there is nothing to get")
        return 0
    profile = profile_named(name, profiles)
    return _get(name, profile, options.out or profile_folder(name), options)


GET = Command("Download the weights of a profile.", _add_arguments, _run)


def _get(name: str, profile: Profile, folder: Path, options: argparse.Namespace) -> int:
    from llmseg_core.model_dir.get_profile import get_profile, is_whole, plan_profile

    folder = folder.expanduser()
    if is_whole(name, folder) and not options.update:
        print(f"{name} is in {folder} already; --update looks for newer weights")
        _print_next(name, profile, folder, options.out is not None)
        return 0
    plan = plan_profile(name, profile, folder)
    _print_plan(name, profile, plan)
    if options.dry_run and plan.fits:
        return 0
    get_profile(plan, profile, _inspect)
    print(f"wrote {plan.place}")
    _print_next(name, profile, plan.place, options.out is not None)
    return 0


def _inspect(folder: Path) -> None:
    from llmseg_core.methods.method import inspect_method  # takes seconds: not before it must

    inspect_method(folder)


def _print_table(profiles: dict[str, Profile]) -> None:
    from llmseg_core.model_dir.get_profile import is_whole
    from llmseg_core.model_dir.profiles import profile_folder

    print(f"{'profile':<16} {'download':>9}  {'GPU memory':>10}  {'licence':<16} here")
    for name, profile in profiles.items():
        size = f"{profile.download_gb:.1f} GB"
        memory = f"~{profile.gpu_memory_gb:g} GB" if profile.gpu_memory_gb else "none"
        licence = ", ".join(profile.licences) + (", gated" if profile.is_gated else "")
        here = "yes" if is_whole(name, profile_folder(name)) else "no"
        about = " " if profile.is_published else "~"
        print(f"{name:<16} {about + size:>9}  {memory:>10}  {licence:<16} {here}")
        print(textwrap.indent(textwrap.fill(profile.good_for, WIDTH - 4), " " * 4))
    print("\n~ is estimated, not measured. `llmseg get PROFILE` downloads one.")


def _print_plan(name: str, profile: Profile, plan: Plan) -> None:
    print(f"{name}: {profile.good_for}")
    for key, part in profile.parts.items():
        source = plan.sources.parts[key]
        size = sum(file.size for file in source.files.values())
        print(f"  {key:<8} {source.repository} {source.revision[:12]}, {size / 1e9:.2f} GB, "
              f"licence {source.licence}")  # fmt: skip
        if source.licence != part.licence:
            print(f"  {'':<8} its licence was {part.licence} when this profile was made: read it")
    print(f"  {plan.to_load / 1e9:.2f} GB to download ({plan.there / 1e9:.2f} GB are here), "
          f"{plan.free / 1e9:.1f} GB free, into {plan.place}")  # fmt: skip
    _print_memory(profile)


def _print_memory(profile: Profile) -> None:
    from llmseg_core.model_dir.fitting_profile import profile_for
    from llmseg_core.runtime.gpu_memory import GB, gpu_memories

    if not profile.gpu_memory_gb:
        return
    gpus = gpu_memories()
    largest = max((gpu.total for gpu in gpus), default=0) / GB
    if largest >= profile.gpu_memory_gb:
        return
    here = "; ".join(map(str, gpus)) or "none, and on a CPU an answer takes minutes"
    print(f"  it needs about {profile.gpu_memory_gb:g} GB of GPU memory, here is: {here}\n"
          f"  made for that: llmseg get {profile_for(gpus)}")  # fmt: skip


def _print_next(name: str, profile: Profile, folder: Path, elsewhere: bool) -> None:
    if profile.missing is not None:
        text = profile.missing.format(folder=folder)  # has a command, which is to be copied
        print(textwrap.fill(text, WIDTH, break_on_hyphens=False, break_long_words=False))
        return
    model = folder if elsewhere else name
    print(f"  llmseg segment photo.jpg \"the red cup\" --model {model}\n"
          f"  ros2 launch llmseg_ros llmseg.launch.py model:={model} {profile.launch} "
          f"image_topic:=/camera/color/image_raw")  # fmt: skip
