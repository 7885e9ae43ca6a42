# SPDX-License-Identifier: Apache-2.0
"""`python -m llmseg_core.cli`: the command `llmseg`, where it is not installed."""

import sys

from .main import main
from .working_folder import forget_working_folder

__all__: list[str] = []

if __name__ == "__main__":
    forget_working_folder()
    sys.exit(main())
