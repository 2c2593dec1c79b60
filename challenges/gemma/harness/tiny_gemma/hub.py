"""A Hub of one model on loopback, for the fetch phase: python3 hub.py --folder DIR --id NAME

Serves what `huggingface_hub.snapshot_download` asks for. Prints one JSON line {url, revision} when it listens, and each
request as a line of its own afterwards, so that a run can show when the network was used and when no more.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit


def revision_of(folder: Path) -> str:
    """What stands for the commit: a hash of every file."""
    digest = hashlib.sha1(usedforsecurity=False)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


class Handler(BaseHTTPRequestHandler):
    folder: Path
    model: str
    revision: str

    def do_GET(self) -> None:  # noqa: N802 (name fixed by http.server)
        path = unquote(urlsplit(self.path).path)
        # One write for the whole line: `print` of several threads puts two requests into one line.
        os.write(1, (json.dumps({"method": self.command, "path": path}) + "\n").encode())
        if path in (f"/api/models/{self.model}/revision/{self.revision}", f"/api/models/{self.model}"):
            return self._send(json.dumps(self._info()).encode(), {"Content-Type": "application/json"})
        if path.rstrip("/") == f"/api/models/{self.model}/tree/{self.revision}":
            return self._send(json.dumps(self._tree()).encode(), {"Content-Type": "application/json"})
        name = path.removeprefix(f"/{self.model}/resolve/{self.revision}/")
        file = self.folder / name
        if name == path or ".." in name or not file.is_file():
            return self._send(b"no such thing", {}, 404)
        data = file.read_bytes()
        self._send(data, {"ETag": f'"{_sha1(data)}"', "X-Repo-Commit": self.revision, "Content-Type": "application/octet-stream"})

    do_HEAD = do_GET

    def _tree(self) -> list[dict[str, object]]:
        files = sorted(p for p in self.folder.rglob("*") if p.is_file())
        return [
            {"type": "file", "path": p.relative_to(self.folder).as_posix(), "size": p.stat().st_size, "oid": _sha1(p.read_bytes())}
            for p in files
        ]

    def _info(self) -> dict[str, object]:
        names = sorted(p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*") if p.is_file())
        files = [{"rfilename": name} for name in names]
        return {"id": self.model, "sha": self.revision, "siblings": files, "private": False, "gated": False, "tags": []}

    def _send(self, data: bytes, headers: dict[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(data))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """The requests are printed as JSON instead."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--id", required=True)
    args = parser.parse_args()
    revision = revision_of(args.folder)
    handler = type("BoundHandler", (Handler,), {"folder": args.folder, "model": args.id, "revision": revision})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}", "revision": revision}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
