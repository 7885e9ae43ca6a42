# SPDX-License-Identifier: Apache-2.0
"""cv_bridge's conversion of colours, where it can be had without harm.

cv_bridge is absent outside ROS distributions. One that was built with NumPy 1, as those of Humble,
Jazzy and Kilted, does not import beside NumPy 2, and prints a page of warnings when it is tried.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

__all__ = ["Convert", "find_convert"]

Convert: TypeAlias = Callable[[Any, str, str], Any]
"""from pixels, their encoding and the encoding that is wanted"""

NUMPY_2_MODULE = b"numpy._core.multiarray"
"""what a library built with NumPy 2 imports; one built with NumPy 1 does not know it"""


def find_convert() -> Convert | None:
    """Returns cv_bridge's `cvtColor2`; None where there is none that fits NumPy."""
    package = find_spec("cv_bridge")  # imports nothing
    folders = [] if package is None else [Path(f) for f in package.submodule_search_locations or ()]
    libraries = [file for folder in folders for file in folder.glob("boost/cv_bridge_boost*")]
    if not any(map(_fits, libraries)):
        return None
    try:
        from cv_bridge.boost.cv_bridge_boost import cvtColor2
    except (ImportError, AttributeError, SystemError):  # another OpenCV, or another NumPy still
        return None
    return cvtColor2


def _fits(library: Path) -> bool:
    is_numpy_1 = np.lib.NumpyVersion(np.__version__) < "2.0.0"
    return library.is_file() and (is_numpy_1 or NUMPY_2_MODULE in library.read_bytes())
