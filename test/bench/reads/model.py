"""A stand-in for a collaboration server in Python: FastAPI with sync handlers in the thread pool, one uvicorn worker.

It does per read what such a server does that keeps a listing and a parsed-content cache but no index: copy and sort the
folder's listing under a lock, look every record up in an LRU, filter, order, cut, validate and serialize with pydantic.
It is no reference implementation: nothing of one was read for it; its Hub answers from memory and costs nothing, it has no
audit, limits or registration, and its access log is off. All of that favours it.

GET /ceiling/{bytes} answers a constant of that size from an async handler: no FastAPI server can be faster.

Usage: model.py RECORD_DIR PORT
"""

import re
import sys
import threading
import time
from collections import OrderedDict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import uvicorn
import yaml
from fastapi import FastAPI, HTTPException, Query, Response
from pydantic import BaseModel

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LISTING_TTL_S = 30.0
CACHE_BYTES = 64 * 1024 * 1024
EXPAND_MAX = 200
STAMPED = re.compile(r"^\d{8}")


class Record(BaseModel):
    filename: str
    frontmatter: dict[str, Any]
    body: str


class ResultRecord(Record):
    verification: str


class Listing(BaseModel):
    count: int
    matched: int
    items: list[str] | list[Record] | list[ResultRecord]
    next: str | None


class Row(BaseModel):
    rank: int
    agent: str
    hf_user: str | None
    score: float
    method: str | None
    verification: str
    filename: str
    timestamp: str | None
    description: str | None


class Board(BaseModel):
    score_field: str
    order: str
    rows: list[Row]
    meta: dict[str, Any]


class Digest(BaseModel):
    agents: dict[str, Any]
    leaderboard: list[Row]
    recent_messages: list[Record]
    recent_results: list[ResultRecord]
    inbox: dict[str, Any] | None
    generated_at: str


def author_of(name: str) -> str:
    stem = name[:-3] if name.endswith(".md") else name
    head, _, rest = stem.partition("_")
    return rest if rest and STAMPED.match(head) else stem


def parse(text: str) -> tuple[dict[str, Any], str]:
    if not text.startswith("---"):
        return {}, text
    rest = text[3:].lstrip("\n")
    end = rest.find("\n---")
    if end < 0:
        return {}, text
    head = yaml.load(rest[:end], Loader=Loader) or {}
    return head, rest[end + 4 :].removeprefix("\n")


class Hub:
    """Every file of the record, in memory: a listing and a download cost nothing."""

    def __init__(self, root: Path) -> None:
        self.files = {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}

    def listing(self, folder: str) -> dict[str, tuple[str, int]]:
        head = f"{folder}/"
        return {p: (str(hash(b)), len(b)) for p, b in self.files.items() if p.startswith(head) and "/" not in p[len(head) :]}


class Store:
    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.listings: dict[str, tuple[float, dict[str, tuple[str, int]]]] = {}
        self.folder_locks: dict[str, threading.Lock] = {}
        self.lock = threading.Lock()
        self.parsed: OrderedDict[str, tuple[dict[str, Any], str, int]] = OrderedDict()
        self.held = 0

    def listing(self, folder: str) -> dict[str, tuple[str, int]]:
        with self.folder_locks.setdefault(folder, threading.Lock()):
            at, files = self.listings.get(folder, (0.0, {}))
            if time.monotonic() - at >= LISTING_TTL_S:
                files = self.hub.listing(folder)
                self.listings[folder] = (time.monotonic(), files)
            return dict(files)

    def records(self, folder: str) -> list[tuple[str, dict[str, Any], str]]:
        out = []
        for path, (digest, size) in sorted(self.listing(folder).items()):
            name = path.rsplit("/", 1)[1]
            if not name.endswith(".md") or name.lower() == "readme.md":
                continue
            head, body = self.content(path, digest, size)
            out.append((name, head, body))
        return out

    def content(self, path: str, digest: str, size: int) -> tuple[dict[str, Any], str]:
        with self.lock:
            hit = self.parsed.get(digest)
            if hit is not None:
                self.parsed.move_to_end(digest)
                return hit[0], hit[1]
        head, body = parse(self.hub.files[path].decode("utf-8", "replace"))
        with self.lock:
            self.parsed[digest] = (head, body, size)
            self.held += size
            while self.held > CACHE_BYTES and len(self.parsed) > 1:
                self.held -= self.parsed.popitem(last=False)[1][2]
        return head, body


def create(store: Store) -> FastAPI:
    app = FastAPI()

    def page(records, make, expand, limit, order, after, before, agent):
        matched = [r for r in records if agent is None or author_of(r[0]) == agent]
        cut = [r for r in matched if (after is None or r[0] > after) and (before is None or r[0] < before)]
        if order == "desc":
            cut.reverse()
        size = limit if limit and limit > 0 else len(cut)
        size = min(size, EXPAND_MAX) if expand else size
        shown = cut[:size]
        items = [make(r) for r in shown] if expand else [r[0] for r in shown]
        more = shown[-1][0] if len(cut) > len(shown) and shown else None
        return Listing(count=len(records), matched=len(matched), items=items, next=more)

    def record(r):
        return Record(filename=r[0], frontmatter=r[1], body=r[2])

    def result(r):
        return ResultRecord(filename=r[0], frontmatter=r[1], body=r[2], verification="pending")

    @app.get("/v1/messages", response_model=Listing)
    def messages(expand: bool = False, limit: int = 10, order: str = "desc", after: str | None = None, before: str | None = None, agent: str | None = None):
        return page(store.records("message_board"), record, expand, limit, order, after, before, agent)

    @app.get("/v1/results", response_model=Listing)
    def results(expand: bool = False, limit: int = 10, order: str = "desc", after: str | None = None, before: str | None = None, agent: str | None = None):
        return page(store.records("results"), result, expand, limit, order, after, before, agent)

    def inbox_of(handle: str):
        both = {r[0]: r for r in store.records("broadcasts")}
        both.update({r[0]: r for r in store.records(f"inbox/{handle}")})
        return [both[name] for name in sorted(both)]

    @app.get("/v1/inbox/{handle}", response_model=Listing)
    def inbox(handle: str, expand: bool = False, limit: int = 10, order: str = "desc", after: str | None = None, before: str | None = None, agent: str | None = None):
        if f"agents/{handle}.md" not in store.listing("agents"):
            raise HTTPException(404)
        return page(inbox_of(handle), record, expand, limit, order, after, before, agent)

    def board() -> tuple[list[Row], int]:
        users = {r[0][:-3]: r[1].get("hf_user") for r in store.records("agents")}
        best: dict[str, tuple] = {}
        every = store.records("results")
        for name, head, _ in every:
            score = head.get("tps")
            if head.get("status") != "agent-run" or isinstance(score, bool) or not isinstance(score, (int, float)) or score <= 0:
                continue
            agent = author_of(name)
            if agent not in best or score > best[agent][0]:
                best[agent] = (score, name, head)
        ranked = sorted(best.items(), key=lambda each: (-each[1][0], each[1][1][:19], each[0]))
        rows = [
            Row(rank=i + 1, agent=agent, hf_user=users.get(agent), score=score, method=head.get("method"), verification="pending",
                filename=name, timestamp=head.get("timestamp"), description=head.get("description"))
            for i, (agent, (score, name, head)) in enumerate(ranked)
        ]
        return rows, len(every)

    now = lambda: datetime.now(timezone.utc).isoformat()

    @app.get("/v1/leaderboard", response_model=Board)
    def leaderboard():
        rows, count = board()
        return Board(score_field="tps", order="desc", rows=rows, meta={"generated_at": now(), "results_considered": count, "excluded": {}})

    @app.get("/v1/digest", response_model=Digest)
    def digest(handle: str | None = Query(None, alias="as")):
        return digest_of(handle)

    def digest_of(who: str | None) -> Digest:
        agents = sorted(store.records("agents"), key=lambda r: str(r[1].get("joined")), reverse=True)
        rows, _ = board()
        inbox = inbox_of(who) if who else []
        return Digest(
            agents={"count": len(agents), "newest": [r[0][:-3] for r in agents[:5]]},
            leaderboard=rows[:10],
            recent_messages=[record(r) for r in store.records("message_board")[::-1][:20]],
            recent_results=[result(r) for r in store.records("results")[::-1][:10]],
            inbox={"count": len(inbox), "items": [record(r).model_dump() for r in inbox[::-1][:10]]} if who else None,
            generated_at=now(),
        )

    constants: dict[int, bytes] = {}

    @app.get("/ceiling/{size}")
    async def ceiling(size: int):
        body = constants.setdefault(size, b'"' + b"x" * (size - 2) + b'"')
        return Response(body, media_type="application/json")

    return app


if __name__ == "__main__":
    app = create(Store(Hub(Path(sys.argv[1]))))
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), workers=1, access_log=False, log_level="warning")
