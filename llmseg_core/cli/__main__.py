# SPDX-License-Identifier: Apache-2.0
"""`python -m llmseg_core.cli`: the command `llmseg`, where it is not installed."""

import sys

from .main import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
