# SPDX-License-Identifier: Apache-2.0
"""`python -m llmseg_training.embedded`: the packaged model from nothing."""

from .stages import main

__all__: list[str] = []

if __name__ == "__main__":
    raise SystemExit(main())
