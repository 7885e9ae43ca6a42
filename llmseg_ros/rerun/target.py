# SPDX-License-Identifier: Apache-2.0
"""Where answers are logged for Rerun: a file, or the address of a viewer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from llmseg_ros.error_log import shortened

__all__ = ["RerunTarget"]

SUFFIX = ".rrd"
ADDRESS = re.compile(r"(rerun(\+https?)?://)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5}(/\S*)?")


@dataclass(frozen=True)
class RerunTarget:
    """What the parameter `rerun` means; one of both is empty, or both are for none.

    Attributes:
        file: path of a .rrd file.
        url: of a viewer's server.
    """

    file: str = ""
    url: str = ""

    @classmethod
    def parse(cls, text: str) -> RerunTarget:
        """What a text means.

        Args:
            text: a path that ends in .rrd, HOST:PORT, or the whole address that a viewer shows.

        Raises:
            ValueError: it is neither.
        """
        if not text:
            return cls()
        if text.endswith(SUFFIX) and "://" not in text:
            return cls(file=text)
        if not ADDRESS.fullmatch(text):
            raise ValueError(
                f"rerun is {shortened(text)!r}, it must be a file that ends in {SUFFIX}, or the "
                "address of a viewer such as 127.0.0.1:9876"
            )
        return cls(url=text if "://" in text else f"rerun+http://{text}/proxy")

    def free_file(self) -> Path:
        """The file, or one with a number if it is there already: no log is written over."""
        wanted = path = Path(self.file).expanduser().absolute()
        number = 2
        while path.exists():
            path = wanted.with_name(f"{wanted.stem}-{number}{SUFFIX}")
            number += 1
        return path
