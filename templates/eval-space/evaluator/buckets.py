"""Reads folders of buckets. The token this needs can read two buckets and change nothing."""

from __future__ import annotations

import errno
import hashlib
import http.client
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from evaluator.web import Refused, Unavailable, read_json, send

PAGE = 1000


@dataclass(frozen=True)
class Entry:
    path: str
    size: int
    xet_hash: str


class Buckets:
    """Files that were fetched once are kept by their hash: harness and private data seldom change."""

    def __init__(self, hub_url: str, token: str, cache: Path) -> None:
        self._hub_url = hub_url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._cache = cache
        # What lies in the cache could be reached by a hostile program of the same user; what is in here could not.
        self._known: dict[str, str] = {}

    def fetch(self, bucket: str, prefix: str, into: Path, go_on: Callable[[], None]) -> None:
        """The folder `prefix` of a bucket; `go_on` is called before each file, and raises to end it. @raises Refused, Unavailable"""
        into.mkdir(parents=True)
        for entry in self.list(bucket, prefix):
            go_on()
            target = into / relative(entry.path, prefix)
            _make_room(target, entry.path)
            self._file(bucket, entry, target)

    def list(self, bucket: str, prefix: str) -> Iterator[Entry]:
        url: str | None = f"{self._hub_url}/api/buckets/{bucket}/tree/{quote(f'{prefix}/')}?recursive=true&limit={PAGE}"
        while url:
            with send("GET", url, self._headers) as answer:
                yield from (Entry(e["path"], e["size"], e["xetHash"]) for e in read_json(answer) if e["type"] == "file")
                url = _next(answer.headers.get("Link", ""), self._hub_url)

    def _file(self, bucket: str, entry: Entry, target: Path) -> None:
        kept = self._cache / entry.xet_hash
        if not self._is_kept(entry.xet_hash, kept):
            self._download(bucket, entry, kept)
        shutil.copyfile(kept, target)

    def _is_kept(self, xet_hash: str, kept: Path) -> bool:
        return xet_hash in self._known and kept.is_file() and _sha256(kept) == self._known[xet_hash]

    def _download(self, bucket: str, entry: Entry, kept: Path) -> None:
        if not re.fullmatch(r"[0-9a-f]{64}", entry.xet_hash):
            raise Unavailable(f"the Hub names no hash for {entry.path}")
        self._cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        url = f"{self._hub_url}/buckets/{bucket}/resolve/{quote(entry.path)}"
        try:
            with send("GET", url, self._headers) as answer, kept.open("wb") as file:
                shutil.copyfileobj(answer, file)
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"{entry.path}: {error}") from None
        if kept.stat().st_size != entry.size:
            raise Unavailable(f"{entry.path} came with {kept.stat().st_size} of {entry.size} bytes")
        self._known[entry.xet_hash] = _sha256(kept)


def relative(path: str, prefix: str) -> PurePosixPath:
    """The path below the folder; one that leads out of it is refused."""
    if not path.startswith(f"{prefix}/") or any(part in ("", ".", "..") for part in path.split("/")):
        raise Refused(0, f"a path that leads out of its folder: {path!r}")
    return PurePosixPath(path[len(prefix) + 1 :])


def _make_room(target: Path, path: str) -> None:
    """An empty file. A bucket takes names that no folder can hold: too long, not UTF-8, a file that is a folder as well.
    @raises Refused: whoever chose the name is at fault, not this machine"""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.open("xb").close()
    except (FileExistsError, NotADirectoryError, ValueError):
        raise Refused(0, f"no folder can hold {path!r}") from None
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise Refused(0, f"no folder can hold {path!r}") from None


def _next(link: str, hub_url: str) -> str | None:
    found = re.search(r'<([^>]+)>\s*;\s*rel="?next"?', link)
    if not found:
        return None
    url = found[1] if "://" in found[1] else hub_url + found[1]
    if not url.startswith(f"{hub_url}/"):
        raise Unavailable("the next page lies on another host")
    return url


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
