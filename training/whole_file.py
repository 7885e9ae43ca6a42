"""Files that are there as a whole or not at all, also after a crash or a full disk."""

from __future__ import annotations

import tempfile
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(path: Path, text: str) -> None:
    """Write `text` as UTF-8; several processes and machines may write the same file at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name[:100]}-", delete=False
    ) as temporary:
        try:
            temporary.write(text)
            temporary.close()
            Path(temporary.name).chmod(0o644)  # temporary files are private, results are not
            Path(temporary.name).replace(path)
        except BaseException:
            Path(temporary.name).unlink(missing_ok=True)
            raise
