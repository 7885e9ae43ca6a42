# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PAGE_FAULTS = """
import resource
from llmseg_core.benchmark.inputs import benchmark_frames
from llmseg_core.model_dir.checkpoint import load_config, load_sam
from llmseg_core.model_dir.directory import model_directory
from llmseg_core.proposals.generator import SamProposalGenerator

model = model_directory("embedded")
generator = SamProposalGenerator(load_sam(model), load_config(model).proposals)
images = benchmark_frames((640, 480), None, 3)
for image in images:
    generator(image)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for image in images:
    generator(image)
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // len(images))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has the setting")
def test_everything_mode_takes_freed_memory_again_without_page_faults() -> None:
    command = [sys.executable, "-c", PAGE_FAULTS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 10_000  # pages of 4 kB; without the setting 30 to 120 thousand
