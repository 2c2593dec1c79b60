"""Parameters of a run: profile, gates and prompts, read from the harness folder and from the private one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collab_harness.faults import HarnessFault
from collab_harness.limits import Limits
from collab_harness.perplexity import Record, records

Json = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    harness: Path
    profile_name: str
    profile: Json
    gates: list[Json]
    metric: str
    prompts: list[str]
    ppl_records: list[Record]
    references: list[Json]
    private: bool

    @property
    def limits(self) -> Limits:
        return limits_of(self.profile)


def limits_of(profile: Json) -> Limits:
    given = profile["limits"]
    return Limits(
        memory_bytes=given["memory_mib"] << 20,
        processes=given["processes"],
        disk_bytes=given["disk_mib"] << 20,
        file_bytes=given["disk_mib"] << 20,
        output_bytes=given["output_mib"] << 20,
    )


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise HarnessFault(f"{path.name}: {error.strerror}") from error
    except ValueError as error:
        raise HarnessFault(f"{path.name}: no valid JSON ({error})") from error


def load_profile(harness: Path, name: str) -> Json:
    available = sorted(p.stem for p in (harness / "profiles").glob("*.json"))
    if name not in available:
        raise HarnessFault(f"no profile {name!r}; there are: {', '.join(available)}")
    profile: Json = read_json(harness / "profiles" / f"{name}.json")
    return profile


def load_settings(harness: Path, name: str, private: Path | None) -> Settings:
    """`private`, when given, takes the place of the public data, file by file with the same names."""
    profile = load_profile(harness, name)
    public = harness / profile["data"]

    def data(file: str) -> Path:
        return private / file if private and (private / file).is_file() else public / file

    if not (public / "prompts.json").is_file():
        raise HarnessFault(f"{profile['data']}/prompts.json is missing: run `create-collab eval prepare`")
    if private and not (private / "prompts.json").is_file():
        raise HarnessFault("the private folder has no prompts.json: run `create-collab eval prepare`")
    rules = read_json(harness / "gates.json")
    return Settings(
        harness=harness,
        profile_name=name,
        profile=profile,
        gates=rules["gates"],
        metric=rules["metric"],
        prompts=read_json(data("prompts.json")),
        ppl_records=records(read_json(data("ppl_records.json")))[: profile["ppl_records"]],
        references=read_json(private / "references.json") if private else [],
        private=private is not None,
    )
