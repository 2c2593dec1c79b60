"""Make what judging needs and participants must not have: a pool of private prompts, and reference outputs.

    python3 prepare.py --out DIR [--seed HEX] [--pool N]                                    the rehearsal
    python3 prepare.py --profile full --prompts FILE --out DIR [--public-out DIR] [--seed HEX]    models of the Hub

The seed is random unless it is given, and is kept beside what was made from it: the same seed makes the same bytes.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "model")]

import prepare_exam  # noqa: E402
import prepare_full  # noqa: E402
from collab_harness.faults import HarnessFault, SubmissionFault  # noqa: E402
from collab_harness.staging import sha256_file  # noqa: E402
from settings import load_profile, read_json  # noqa: E402
from tiny_lm.engine import Engine  # noqa: E402
from tiny_lm.server import chat_prompt  # noqa: E402
from tiny_lm.weights import load  # noqa: E402

POOL = 320
# Drawn for each private prompt: with them there are more prompts than anybody can answer beforehand.
WORDS = 4
REFERENCES = 8


def sentences(parts: dict[str, list[str]]) -> list[str]:
    """Every opening that the parts can make."""
    found = (f"{lead}{who} {what}" for lead in parts["leads"] for who in parts["subjects"] for what in parts["endings"])
    return [text[0].upper() + text[1:] for text in found]


def private_prompts(seed: str, size: int) -> list[str]:
    """`size` openings that go on with words drawn from the corpus: the openings alone are few, and could all be prepared for."""
    rng = random.Random(f"prompts {seed}")
    known = prepare_exam.words((HERE / "data" / "corpus.txt").read_text(encoding="utf-8"))
    possible = sentences(read_json(HERE / "data" / "prompt_parts.json"))
    return [" ".join([text, *rng.sample(known, WORDS)]) for text in rng.sample(possible, min(size, len(possible)))]


def references(prompts: list[str], tokens: int) -> list[dict[str, object]]:
    """Greedy outputs of the original, to make sure in every audit that the right model is asked."""
    model = load(HERE / "model" / "weights.json")
    engine = Engine(model)
    made = []
    for prompt in prompts:
        ids = chat_prompt(model.tokenizer, [{"role": "user", "content": prompt}])
        made.append({"prompt_token_ids": ids, "token_ids": engine.generate(ids, tokens, ignore_eos=True)})
    return made


def original() -> prepare_exam.Reply:
    """What a user of the original would read."""
    model = load(HERE / "model" / "weights.json")
    engine = Engine(model)

    def reply(prompt: str, tokens: int) -> str:
        ids = chat_prompt(model.tokenizer, [{"role": "user", "content": prompt}])
        return model.tokenizer.decode(engine.generate(ids, tokens, ignore_eos=False))

    return reply


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", default=None)
    parser.add_argument("--pool", type=int, default=POOL)
    parser.add_argument("--profile", default="rehearsal")
    prepare_full.arguments(parser)
    for name in prepare_exam.SOURCES:
        parser.add_argument(f"--{name}", type=Path, help="a downloaded copy of this set, for the exam")
    args = parser.parse_args(argv)
    seed = args.seed or secrets.token_hex(16)
    try:
        profile = load_profile(HERE, args.profile)
        if profile["engine"] == "tiny":
            write(args.out, seed, args.pool)
            return 0
        if not args.prompts:
            raise HarnessFault(f"the profile {args.profile} needs --prompts: where its prompts are")
        public = args.public_out or HERE / profile["data"]
        print(json.dumps(prepare_full.make(args.profile, args.prompts, args.out, public, seed, exam_sources(args))))
    except (HarnessFault, SubmissionFault) as fault:
        print(f"prepare: {fault}", file=sys.stderr)
        return 1
    return 0


def exam_sources(args: argparse.Namespace) -> dict[str, Path]:
    given = {name: getattr(args, name.replace("-", "_")) for name in prepare_exam.SOURCES}
    return {name: folder for name, folder in given.items() if folder}


def write(out: Path, seed: str, pool: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    tokens = read_json(HERE / "profiles" / "rehearsal.json")["output_tokens"]
    prompts = private_prompts(seed, pool)
    _write(out / "prompts.json", prompts)
    _write(out / "references.json", references(prompts[:REFERENCES], tokens))
    _write(out / "downstream.json", prepare_exam.tiny_exam(HERE, seed, original()))
    files = {name: sha256_file(out / name) for name in ("prompts.json", "references.json", "downstream.json")}
    _write(out / "prepared.json", {"seed": seed, "prompts": len(prompts), "profile": "rehearsal", "files": files})
    print(json.dumps({"prompts": len(prompts), "references": REFERENCES, "files": files}))


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
