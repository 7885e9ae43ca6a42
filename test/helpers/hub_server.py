# SPDX-License-Identifier: Apache-2.0
"""A server on this machine that speaks as the Hugging Face hub does, with files in memory.

Large files (LFS) lie at an address of their own, to which the hub redirects, as there.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import unquote, urlparse

__all__ = ["HubServer", "blob_digest", "folder_files", "hub_server", "left"]

LARGE = (".safetensors", "tokenizer.json", ".bin")


def folder_files(folder: Path) -> dict[str, bytes]:
    """The files of a folder by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def blob_digest(content: bytes) -> str:
    """git's SHA-1 of a file."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class HubServer(ThreadingHTTPServer):
    """Serves repositories, and fails as it is told to.

    Attributes:
        repositories: files by the names of repositories.
        licences: of repositories that are not Apache-2.0.
        gated: repositories that want the token "let-me-in".
        asked: method, path and Range of the requests so far.
        tokens: hosts that got a token.
        said: bytes that went out in the place of a file's own, by its name.
        cut: bytes after which a file's connection breaks, by its name; once each.
        status_after_cut: `status` from then on.
        status: of every answer instead of what was asked for; 0 is none.
        drip_s: seconds before each 4096 bytes of a file.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.licences: dict[str, str | None] = {}
        self.gated: set[str] = set()
        self.asked: list[tuple[str, str, str | None]] = []
        self.tokens: set[str] = set()
        self.said: dict[str, bytes] = {}
        self.cut: dict[str, int] = {}
        self.status, self.status_after_cut, self.drip_s, self.over = 0, 0, 0.0, Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def commit(self, repository: str) -> str:
        """Changes with the files."""
        files = self.repositories[repository]
        return hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()

    def loaded(self, name: str) -> list[str | None]:
        """The Range of every download of a file so far."""
        return [
            asked
            for method, path, asked in self.asked
            if method == "GET" and path.endswith(f"/{name}") and "/resolve/" not in path
        ]

    def handle_error(self, *_: Any) -> None:
        """A caller that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: HubServer
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlparse(self.path).path)
        self.server.asked.append((self.command, path, self.headers.get("Range")))
        if "Authorization" in self.headers:
            self.server.tokens.add(self.headers["Host"].split(":")[0])
        if self.server.status:
            self._answer(self.server.status, b"out of order")
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/(.+)", path):
            self._model(found[1], found[2])
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._resolve(found[1], found[2], found[3])
        elif found := re.fullmatch(r"/large/([^/]+/[^/]+)/(.+)", path):
            self._file(self.server.repositories[found[1]][found[2]], found[2], {})
        else:
            self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})

    def _model(self, name: str, revision: str) -> None:
        if name not in self.server.repositories:
            # As the hub has it: whether there is such a one is nobody's business.
            self._answer(401, b"{}", {"X-Error-Code": "RepoNotFound"})
            return
        if revision not in ("main", self.server.commit(name)):
            self._answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            return
        siblings = []
        for file, content in self.server.repositories[name].items():
            entry: dict[str, Any] = {"rfilename": file, "size": len(content)}
            entry["blobId"] = blob_digest(content)
            if file.endswith(LARGE):
                digest = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"sha256": digest, "size": len(content), "pointerSize": 134}
            siblings.append(entry)
        body = {
            "id": name,
            "sha": self.server.commit(name),
            "gated": "manual" if name in self.server.gated else False,
            "cardData": {"license": self.server.licences.get(name, "apache-2.0")},
            "siblings": siblings,
        }
        self._answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _resolve(self, name: str, revision: str, file: str) -> None:
        if name in self.server.gated and "let-me-in" not in self.headers.get("Authorization", ""):
            self._answer(401, b"", {"X-Error-Code": "GatedRepo"})
            return
        content = self.server.repositories[name][file]
        headers = {"X-Repo-Commit": revision, "Accept-Ranges": "bytes"}
        if file.endswith(LARGE):
            headers["X-Linked-Size"] = str(len(content))
            headers["X-Linked-Etag"] = f'"{hashlib.sha256(content).hexdigest()}"'
            headers["Location"] = f"http://localhost:{self.server.server_port}/large/{name}/{file}"
            self._answer(302, b"", headers)
            return
        self._file(content, file, {**headers, "ETag": f'"{blob_digest(content)}"'})

    def _file(self, content: bytes, name: str, headers: dict[str, str]) -> None:
        content = self.server.said.get(name, content)
        status, start = 200, 0
        if found := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or ""):
            start = int(found[1])
            status = 206
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._answer(status, content[start:], headers, self.server.cut.pop(name, None))

    def _answer(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
        cut: int | None = None,
    ) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        for begin in range(0, len(body if cut is None else body[:cut]), 4096):
            if self.server.drip_s:
                time.sleep(self.server.drip_s)
            if self.server.over.is_set():
                return
            self.wfile.write(body[begin : begin + 4096])
        if cut is not None:
            self.server.status = self.server.status_after_cut
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Silent."""


def left(place: Path) -> list[str]:
    """What is beside a place."""
    return sorted(path.name for path in place.parent.iterdir()) if place.parent.exists() else []


@contextmanager
def hub_server() -> Iterator[HubServer]:
    """A running server, gone afterwards."""
    server = HubServer()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
