"""Data of the full profile, made once where the real models are served: on the hardware of the challenge.

    python3 prepare_full.py --prompts FILE --original-port N --reference-port N --public-out DIR --private-out DIR

FILE holds prompts in ShareGPT form: [{"conversations": [{"from": "human", "value": TEXT}, ...]}, ...]. One in ten becomes
public, the rest is the private pool, so that the pool is ten times larger than what is drawn. On --original-port the
original (google/gemma-4-E4B-it) is served as in reference-full/, on --reference-port the model that writes the reference
texts (google/gemma-4-31B-it). Reference texts are sampled as they were for the published challenge: T 1.0, top_k 64,
top_p 0.95, a fixed seed.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from collab_harness.client import Client  # noqa: E402
from settings import read_json  # noqa: E402

REFERENCES = 8
SAMPLING = {"temperature": 1.0, "top_k": 64, "top_p": 0.95}

Json = dict[str, Any]


def human_prompts(raw: list[Json]) -> list[str]:
    """The first human turn of each conversation, without duplicates, in the order of the file."""
    turns = [next(t["value"] for t in entry["conversations"] if t["from"] == "human") for entry in raw]
    return list(dict.fromkeys(turns))


def split(prompts: list[str], seed: int) -> tuple[list[str], list[str]]:
    """A tenth for everybody, the rest for the private pool."""
    mixed = random.Random(seed).sample(prompts, len(prompts))
    tenth = max(1, len(mixed) // 10)
    return mixed[:tenth], mixed[tenth:]


def ppl_records(client: Client, prompts: list[str], tokens: int, sampling: Json) -> list[Json]:
    """Reference texts as token ids: what was asked is context, what was written is target."""
    made = []
    for number, prompt in enumerate(prompts):
        context, target = client.generate(prompt, tokens, sampling | {"seed": number, "ignore_eos": False})
        made.append({"id": f"reference-{number}", "context_token_ids": context, "target_token_ids": target})
    return made


def greedy(client: Client, prompts: list[str], tokens: int) -> list[Json]:
    """Outputs of the original, by which every audit makes sure that it asks the right model."""
    pairs = [client.generate(prompt, tokens, {"temperature": 0, "ignore_eos": True}) for prompt in prompts]
    return [{"prompt_token_ids": asked, "token_ids": answered} for asked, answered in pairs]


def write(folder: Path, name: str, value: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(value, ensure_ascii=False) + "\n", encoding="utf-8")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=Path, required=True)
    parser.add_argument("--original-port", type=int, required=True)
    parser.add_argument("--reference-port", type=int, required=True)
    parser.add_argument("--public-out", type=Path, default=HERE / "data" / "full")
    parser.add_argument("--private-out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--temperature", type=float, default=SAMPLING["temperature"])
    args = parser.parse_args(argv)
    profile = read_json(HERE / "profiles" / "full.json")
    tokens, records = profile["output_tokens"], profile["ppl_records"]
    public, private = split(human_prompts(read_json(args.prompts)), args.seed)
    original = Client(args.original_port, "original", profile["request_s"])
    author = Client(args.reference_port, "reference", profile["request_s"])
    sampling = SAMPLING | {"temperature": args.temperature}
    write(args.public_out, "prompts.json", public)
    write(args.public_out, "ppl_records.json", ppl_records(author, public[:records], tokens, sampling))
    write(args.private_out, "prompts.json", private)
    write(args.private_out, "ppl_records.json", ppl_records(author, private[:records], tokens, sampling))
    write(args.private_out, "references.json", greedy(original, private[:REFERENCES], tokens))
    write(args.private_out, "prepared.json", {"seed": str(args.seed), "prompts": len(private), "profile": "full", "files": {}})
    original.close()
    author.close()
    print(json.dumps({"public": len(public), "private": len(private)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
