# SPDX-License-Identifier: Apache-2.0
"""`python -m llmseg_training.embedded`: the packaged model from nothing."""

from llmseg_core.cli.working_folder import forget_working_folder

forget_working_folder()  # before anything is imported that it could stand for

from .program import main  # noqa: E402

__all__: list[str] = []

if __name__ == "__main__":
    raise SystemExit(main())
