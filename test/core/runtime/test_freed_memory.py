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


HEAPS = """
import ctypes, sys, threading
from llmseg_core.runtime.freed_memory import share_one_heap

c = ctypes.CDLL(None)
c.malloc.restype = c.fopen.restype = ctypes.c_void_p
if sys.argv[1] == "one":
    assert share_one_heap()
all_run = threading.Barrier(4)  # else one takes the heap that another has left

def take():
    c.malloc(ctypes.c_size_t(2**14))
    all_run.wait()

threads = [threading.Thread(target=take) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
file = ctypes.c_void_p(c.fopen(b"/dev/stdout", b"w"))
c.malloc_info(0, file)
c.fflush(file)
"""

needs_glibc = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc has the setting"
)


@needs_glibc
@pytest.mark.parametrize(("heaps", "are_many"), [("one", False), ("each", True)])
def test_threads_share_a_heap(heaps: str, are_many: bool) -> None:
    command = [sys.executable, "-c", HEAPS, heaps]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout.count("<heap nr=") > 1) == are_many, done.stdout


@needs_glibc
def test_everything_mode_takes_freed_memory_again_without_page_faults() -> None:
    command = [sys.executable, "-c", PAGE_FAULTS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 10_000  # pages of 4 kB; without the setting 30 to 120 thousand
