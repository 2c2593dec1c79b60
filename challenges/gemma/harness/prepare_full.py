"""Data of a profile whose models come from the Hub, made once on hardware that holds both of them.

    python3 prepare.py --profile full --prompts FILE --out DIR --public-out DIR [--seed HEX]

FILE holds prompts: a list of texts, or ShareGPT conversations [{"conversations": [{"from": "human", "value": TEXT}, ...]}].
One in ten becomes public, the rest is the private pool, at least ten times as large as what one run draws. Two models are
served one after the other, as in the profile's reference folder: `author` writes the reference texts, sampled as they were
for the published challenge (T 1.0, top_k 64, top_p 0.95, a fixed seed), and `model`, the original, writes its own greedy
answers. Those are audited at once, so that it is known how far the original agrees with itself on this machine.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from collab_harness import audit as auditing
from collab_harness import isolation
from collab_harness.client import Client
from collab_harness.faults import HarnessFault
from collab_harness.serving import Server, Setting
from collab_harness.staging import sha256_file, stage
from collab_harness.stats import limit_below
from collab_harness.summary import Measured, judge
from engines import Engine, engine_of, setting_of
from hub_engine import manifest_of, write_manifest
from pictures import drawn, look, share
from prepare_exam import letters_exam
from report import GATE_CONFIDENCE
from settings import limits_of, load_profile, read_json

HERE = Path(__file__).resolve().parent
REFERENCES = 16
POOL_FACTOR = 10
SAMPLING = {"temperature": 1.0, "top_k": 64, "top_p": 0.95}

Json = dict[str, Any]


def human_prompts(raw: list[Any]) -> list[str]:
    """The texts, or the first human turn of each conversation, without duplicates, in the order of the file."""
    turns = [one if isinstance(one, str) else _first_turn(one) for one in raw]
    return list(dict.fromkeys(turns))


def _first_turn(entry: Json) -> str:
    text: str = next(t["value"] for t in entry["conversations"] if t["from"] == "human")
    return text


def split(prompts: list[str], seed: str, profile: Json) -> tuple[list[str], list[str]]:
    """A tenth for everybody, the rest for the private pool. Raises HarnessFault when the pool is too small."""
    mixed = random.Random(f"split {seed}").sample(prompts, len(prompts))
    tenth = max(1, len(mixed) // 10)
    needed = POOL_FACTOR * profile["passes"] * profile["prompts_per_pass"]
    if len(mixed) - tenth < needed:
        raise HarnessFault(f"{len(mixed)} prompts leave {len(mixed) - tenth} for the private pool; {needed} are needed")
    return mixed[:tenth], mixed[tenth:]


def ppl_records(client: Client, prompts: list[str], tokens: int) -> list[Json]:
    """Reference texts as token ids: what was asked is context, what was written is target."""
    made = []
    for number, prompt in enumerate(prompts):
        context, target = client.generate(prompt, tokens, SAMPLING | {"seed": number, "ignore_eos": False})
        made.append({"id": f"reference-{number}", "context_token_ids": context, "target_token_ids": target})
    return made


def greedy(client: Client, prompts: list[str], tokens: int) -> list[Json]:
    """Outputs of the original, by which every audit makes sure that it asks the right model."""
    pairs = [client.generate(prompt, tokens, {"temperature": 0, "ignore_eos": True}) for prompt in prompts]
    return [{"prompt_token_ids": asked, "token_ids": answered} for asked, answered in pairs]


def agreement(client: Client, references: list[Json], profile: Json) -> Json:
    """The original against itself. Raises HarnessFault when the gates would refuse it here."""
    emitted = [auditing.Emitted(tuple(r["prompt_token_ids"]), tuple(r["token_ids"])) for r in references]
    found = auditing.audit(emitted, client.prompt_logprobs)
    if found.top1.value < profile["reference_agreement"]:
        raise HarnessFault(f"the original agrees with itself in {found.top1.value:.4f} of its tokens only")
    tightest = room(read_json(HERE / "gates.json")["gates"], found, profile["audit_answers"] / len(references))
    seen = look(client, drawn(profile["pictures"], 0))
    pictures = share(seen, seen)[1] if seen.right else None
    return {"top1": found.top1.value, "nll_gap": found.nll_gap.value, "tokens": found.top1.n, "tightest": tightest, "pictures": pictures}


def room(gates: list[Json], found: auditing.Audit, answers: float) -> dict[str, float]:
    """The tightest limits of the audit that a run of the original itself rarely misses (the level of one gate).

    A run reads `answers` times as many answers as were read here. Raises HarnessFault where a gate has a tighter limit.
    """
    wider, level = math.sqrt(1 + 1 / answers), 1 - GATE_CONFIDENCE
    tightest = {
        "audit_top1": limit_below(found.top1.value, found.top1.se * wider, level),
        "audit_nll_gap": -limit_below(-found.nll_gap.value, found.nll_gap.se * wider, level),
    }
    for gate in gates:
        bound = tightest.get(gate["id"])
        if bound is not None and not judge(gate, Measured(bound, found.top1.n))["pass"]:
            raise HarnessFault(f"gate {gate['id']}: the limit {gate['limit']} refuses honest runs here; {gate['op']} {bound:.4f} would not")
    return tightest


class Models:
    """The two models of a profile, fetched, then served one at a time behind the same layers as in a run."""

    def __init__(self, profile: Json, work: Path) -> None:
        self._profile, self._work = profile, work
        self._engine: Engine = engine_of(HERE, profile)
        folders = [self._folder("author"), self._folder("model")]
        self._engine.install(work, folders)
        self._engine.fetch(work, folders)
        layers = isolation.enter()
        self._setting: Setting = setting_of(self._engine, profile, limits_of(profile), work, layers, [])

    def _folder(self, role: str) -> Path:
        folder = self._work / f"served-{role}"
        stage(HERE / self._profile["reference"], folder)
        write_manifest(folder, manifest_of(folder) | {"model_id": self._profile[role]["id"]})
        return folder

    @contextmanager
    def served(self, role: str) -> Iterator[Client]:
        setting = self._setting
        if "memory_mib" in self._profile[role]:
            setting = replace(setting, limits=replace(setting.limits, memory_bytes=self._profile[role]["memory_mib"] << 20))
        with Server(self._work / f"served-{role}", self._work / f"scratch-{role}", setting) as client:
            yield client


def make(profile_name: str, prompts: Path, out: Path, public_out: Path, seed: str, exam: dict[str, Path] | None = None) -> Json:
    """Everything, and what prepared.json says about it."""
    profile = load_profile(HERE, profile_name)
    tokens, records = profile["output_tokens"], profile["ppl_records"]
    public, private = split(human_prompts(read_json(prompts)), seed, profile)
    with isolation.work_folder() as work:
        models = Models(profile, work)
        with models.served("author") as author:
            texts = {"public": ppl_records(author, public[:records], tokens), "private": ppl_records(author, private[:records], tokens)}
        with models.served("model") as original:
            references = greedy(original, private[:REFERENCES], tokens)
            itself = agreement(original, references, profile)
            questions = {"downstream.json": letters_exam(exam, seed, original.reply)} if exam else {}
    write(public_out, {"prompts.json": public, "ppl_records.json": texts["public"]})
    files = write(out, {"prompts.json": private, "ppl_records.json": texts["private"], "references.json": references, **questions})
    about = {"seed": seed, "prompts": len(private), "public": len(public), "profile": profile_name, "agreement": itself}
    write(out, {"prepared.json": about | {"files": files}})
    return about | {"files": files}


def write(folder: Path, content: dict[str, object]) -> dict[str, str]:
    """Name -> sha256 of what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in content.items():
        (folder / name).write_text(json.dumps(value, ensure_ascii=False) + "\n", encoding="utf-8")
    return {name: sha256_file(folder / name) for name in content}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--prompts", type=Path, help="prompts of a profile whose models come from the Hub")
    parser.add_argument("--public-out", type=Path, help="folder for what becomes public (default: the profile's data)")
