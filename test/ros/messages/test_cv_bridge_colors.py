# SPDX-License-Identifier: Apache-2.0
"""cv_bridge is used where it works, and not even tried where it is known not to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from llmseg_ros.messages.cv_bridge_colors import find_convert

BUILT_WITH_NUMPY_1 = "# numpy.core.multiarray\n"
BUILT_WITH_NUMPY_2 = "# numpy._core.multiarray numpy.core.multiarray\n"
WORKS = "def cvtColor2(pixels, source, target):\n    return (source, target)\n"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Puts a cv_bridge on the path whose library holds the given text."""

    def put(library: str) -> None:
        boost = tmp_path / "cv_bridge" / "boost"
        boost.mkdir(parents=True)
        (boost.parent / "__init__.py").write_text("print('cv_bridge is imported')\n")
        (boost / "__init__.py").touch()
        (boost / "cv_bridge_boost.py").write_text(library)
        monkeypatch.syspath_prepend(tmp_path)

    yield put
    for name in [name for name in sys.modules if name.partition(".")[0] == "cv_bridge"]:
        del sys.modules[name]


@pytest.mark.skipif(find_spec("cv_bridge") is not None, reason="this machine has cv_bridge")
def test_absent() -> None:
    assert find_convert() is None


def test_built_with_this_numpy(install: Callable[[str], None]) -> None:
    install(BUILT_WITH_NUMPY_2 + WORKS)
    convert = find_convert()
    assert convert is not None
    assert convert(None, "bgr8", "rgb8") == ("bgr8", "rgb8")


def test_built_with_numpy_1_is_not_imported_beside_numpy_2(
    install: Callable[[str], None],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(BUILT_WITH_NUMPY_1 + WORKS)
    monkeypatch.setattr(np, "__version__", "2.4.6")
    assert find_convert() is None
    assert capfd.readouterr() == ("", "")
    monkeypatch.setattr(np, "__version__", "1.26.4")
    assert find_convert() is not None


@pytest.mark.parametrize("failure", ["ImportError", "AttributeError", "SystemError"])
def test_one_that_does_not_import_after_all(install: Callable[[str], None], failure: str) -> None:
    install(f"{BUILT_WITH_NUMPY_2}raise {failure}('_ARRAY_API not found')\n")
    assert find_convert() is None
