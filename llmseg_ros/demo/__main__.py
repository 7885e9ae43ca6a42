# SPDX-License-Identifier: Apache-2.0
"""`python -m llmseg_ros.demo`: the demonstration. Ctrl-C ends it with status 130."""

from __future__ import annotations

from llmseg_ros.process import Executable

__all__ = ["DEMO"]

DEMO = Executable(
    "python -m llmseg_ros.demo",
    "llmseg_ros.demo.demonstration",
    interrupted=130,
    patience_s=3.0,  # its nodes end first
)

if __name__ == "__main__":
    DEMO.run()
