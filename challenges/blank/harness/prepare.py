"""Make the private questions: python3 prepare.py --out DIR [--seed HEX]. The same seed makes the same bytes."""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import secrets
import sys
from pathlib import Path

POOL = 400


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", default=None)
    parser.add_argument("--profile", default="rehearsal")
    args = parser.parse_args(argv)
    seed = args.seed or secrets.token_hex(16)
    args.out.mkdir(parents=True, exist_ok=True)
    questions = json.dumps(random.Random(seed).sample(range(2000, 6000), POOL)) + "\n"
    (args.out / "questions.json").write_text(questions, encoding="utf-8")
    files = {"questions.json": hashlib.sha256(questions.encode()).hexdigest()}
    record = {"seed": seed, "questions": POOL, "files": files}
    (args.out / "prepared.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({"questions": POOL, "files": files}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
