# SPDX-License-Identifier: Apache-2.0
"""Keeps a program that is started by `python -m` from importing what lies in the working folder.

`python -m`, and with it torchrun and accelerate, puts that folder first among the places of
modules: a folder `datasets/` or `wandb/` in it then stands for the package of that name.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["forget_working_folder"]


def forget_working_folder() -> None:
    """Take the working folder from the front of `sys.path`, unless this package lies in it."""
    here = Path.cwd()
    if Path(__file__).resolve().is_relative_to(here.resolve()):
        return
    if sys.path and sys.path[0] in ("", os.fspath(here)):
        del sys.path[0]
