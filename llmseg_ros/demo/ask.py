# SPDX-License-Identifier: Apache-2.0
"""`python -m llmseg_ros.demo.ask RECORDING`: asks a recording's questions, round after round."""

from __future__ import annotations

from llmseg_ros.process import Executable

__all__ = ["ASK"]

ASK = Executable("python -m llmseg_ros.demo.ask", "llmseg_ros.demo.rounds")

if __name__ == "__main__":
    ASK.run()
