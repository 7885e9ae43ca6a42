# SPDX-License-Identifier: Apache-2.0
"""What all tests share: PyTorch computes with one thread, in the processes that they start, too.

Their networks are so small that a second thread gains nothing, and where another process has the
second core each of its many short calls waits for it: test/core took three times as long.
"""

from __future__ import annotations

import gc
import os
import signal

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
gc.disable()  # until all is imported; nothing of that ever goes
os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported


def pytest_collection_finish() -> None:
    """Takes modules and tests out of what garbage collection looks at, again and again."""
    gc.freeze()
    gc.enable()
