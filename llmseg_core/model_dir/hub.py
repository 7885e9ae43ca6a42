# SPDX-License-Identifier: Apache-2.0
"""The Hugging Face hub: what a repository holds, and its files, as data and with their digests.

Nothing else in this package calls the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from huggingface_hub import HfApi, constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers

from llmseg_core.config.values import require

from .profiles import Part
from .sources import SourceFile, SourcePart, file_digest

__all__ = ["download", "part_on_hub"]

CONFIG = "config.json"
PARTIAL = ".partial"
REFUSED = (401, 403)
ADDRESS = re.compile(r"https?://[!-~]+")


def part_on_hub(part: Part, endpoint: str | None = None) -> SourcePart:
    """What would be taken of a part's repository now, at one commit; downloads nothing.

    Args:
        part: names repository and files.
        endpoint: address of the hub; None is the usual one (or that of `HF_ENDPOINT`).

    Raises:
        FileNotFoundError: if the hub has no such repository or revision.
        PermissionError: if the hub does not give it; says where to ask.
        ValueError: if the repository has no weights as safetensors, a name or digest is amiss, or
            the endpoint is no address.
        ConnectionError: if the hub does not answer.
    """
    address = endpoint or constants.ENDPOINT
    require(bool(ADDRESS.fullmatch(address)), "HF_ENDPOINT", address, "an http or https address")
    with _explained(part.repository, endpoint):
        info = HfApi(endpoint=endpoint).model_info(
            part.repository, revision=part.revision, files_metadata=True
        )
        if info.gated:  # the list is public, the files are not: ask for one
            url = hf_hub_url(part.repository, CONFIG, revision=info.sha, endpoint=endpoint)
            get_hf_file_metadata(url, endpoint=endpoint, token=None)
    files: dict[str, SourceFile] = {}
    for sibling in info.siblings or ():
        name = sibling.rfilename
        if not part.takes(name):
            continue
        digest = sibling.lfs.sha256 if sibling.lfs else sibling.blob_id
        if sibling.size is None or not digest:
            raise ValueError(f"the hub tells neither size nor digest of {part.repository}/{name}")
        files[name] = SourceFile(sibling.size, digest)
    if CONFIG not in files:
        raise ValueError(f"{part.repository} has no {CONFIG}, so it is no network of transformers")
    if not any(name.endswith(".safetensors") for name in files):
        raise ValueError(
            f"{part.repository} has no weights as safetensors; other files of weights can run "
            f"programs when they are read and are not taken"
        )
    said = info.card_data.license if info.card_data is not None else None
    licence = said if isinstance(said, str) else part.licence
    assert info.sha is not None
    return SourcePart(part.repository, info.sha, licence, files)


def download(source: SourcePart, name: str, place: Path, endpoint: str | None = None) -> None:
    """Download one file, and go on where a former call stopped.

    What arrives is kept beside `place` until it is whole and its digest is right.

    Args:
        source: the repository at a commit.
        name: of the file in it.
        place: where it is put.
        endpoint: address of the hub.

    Raises:
        ValueError: if the digest of what arrived is another; nothing of it is kept.
        FileNotFoundError, PermissionError, ConnectionError: as `part_on_hub`; what has arrived
            stays.
        OSError: if the disk is full or cannot be written.
    """
    wanted = source.files[name]
    partial = place.with_name(place.name + PARTIAL)
    url = hf_hub_url(source.repository, name, revision=source.revision, endpoint=endpoint)
    # In another encoding sizes and ranges would be those of the encoded bytes.
    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    shown = f"{source.repository}/{name}"
    try:
        with _explained(shown, endpoint), partial.open("ab") as file:
            if file.tell() > wanted.size:
                file.truncate(0)
            _fetch(url, file, wanted.size, headers, shown)
    except ConnectionError as error:
        raise ConnectionError(
            f"{error}; what has arrived is kept, and the same command goes on from there"
        ) from error
    except OSError as error:
        if error.errno is None:
            raise
        what = f"{error.strerror}; what has arrived is kept"
        raise OSError(error.errno, what, str(partial)) from error
    digest = file_digest(partial, wanted.digest)
    if digest != wanted.digest:
        partial.unlink()
        raise ValueError(
            f"{shown} arrived damaged and was dropped: its digest is {digest}, "
            f"the hub says {wanted.digest}; the same command loads it again"
        )
    partial.replace(place)


def _fetch(url: str, file: BinaryIO, size: int, headers: dict[str, str], shown: str) -> None:
    """Append what is missing of a file; a connection that breaks is made anew while bytes come."""
    while True:
        before = file.tell()
        try:
            http_get(
                url, file, resume_size=before, headers=headers, expected_size=size,
                displayed_filename=shown,
            )  # fmt: skip
            return
        except HfHubHTTPError:
            raise
        except HTTPError:
            if file.tell() == before:
                raise


@contextmanager
def _explained(what: str, endpoint: str | None) -> Iterator[None]:
    """Turn the client's errors into such as say what to do."""
    hub = (endpoint or constants.ENDPOINT).rstrip("/")
    repository = "/".join(what.split("/")[:2])
    try:
        yield
    except GatedRepoError as error:
        raise PermissionError(
            f"{repository} is given only to those who asked: ask at {hub}/{repository}, make a "
            f"token at {hub}/settings/tokens, and call hf auth login (or set HF_TOKEN)"
        ) from error
    except RepositoryNotFoundError as error:
        raise FileNotFoundError(
            f"{hub} has no model {repository}, or shows it to others only (hf auth login)"
        ) from error
    except RevisionNotFoundError as error:
        raise FileNotFoundError(
            f"{repository} has no such revision: {_first_line(error)}"
        ) from error
    except HfHubHTTPError as error:
        if error.response.status_code in REFUSED:
            raise PermissionError(
                f"{hub} refuses {what}: the token is wrong or may not read it; tokens are at "
                f"{hub}/settings/tokens"
            ) from error
        raise ConnectionError(f"{hub} answered for {what}: {_first_line(error)}") from error
    except OfflineModeIsEnabled:
        raise
    except (HTTPError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's
            raise
        raise ConnectionError(
            f"{hub} does not answer as it must ({type(error).__name__}: {_first_line(error)}): is "
            f"this machine connected? What was loaded is kept, the same command goes on. Without a "
            f"network, run it elsewhere with --out DIR and copy that folder"
        ) from error


def _first_line(error: Exception) -> str:
    return next(filter(None, map(str.strip, str(error).splitlines())), type(error).__name__)
