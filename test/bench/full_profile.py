"""Where the minutes of one job of the full Gemma profile go, at several speeds: python3 test/bench/full_profile.py [--write]

Counted from harness/profiles/full.json. The times below are what participants of the published challenge reported for an
a10g-small, or assumptions, and are named as such in the table. --write renews the table in docs/full-profile.md.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROFILE = json.loads((ROOT / "challenges/gemma/harness/profiles/full.json").read_text(encoding="utf-8"))
PAGE = ROOT / "docs/full-profile.md"

# Seconds. Cold start of the published job was 6 to 7 minutes in all: fetching the weights and starting the server.
FETCH_S = 180.0
START_S = 210.0
INSTALL_S = 20.0  # a virtual environment over the image, which has everything already (assumption)
ORIGINAL_START_S = 150.0  # the weights are in the page cache by then (assumption)
BASELINE_TPS = 44.0
# Prompt tokens per second with log-probabilities and 512 batched tokens (assumption; to be measured by a probe job).
TEACHER_FORCED_TPS = 1500.0
PICTURE_S = 1.5  # an image of 224 x 224 and a word for an answer (assumption)
PROMPT_TOKENS, PPL_TOKENS, REFERENCES = 276, 97_145, 16
LIMIT_MIN = 40


def phases(tps: float) -> dict[str, float]:
    """Seconds of each phase for a submission of that speed, in the order of the run."""
    tokens = PROFILE["output_tokens"]
    request = tokens / tps
    one_pass = min(PROFILE["prompts_per_pass"] * request, PROFILE["pass_box_s"] + request)
    read = PROMPT_TOKENS + tokens
    pictures = PROFILE["pictures"] * PICTURE_S
    return {
        "stage, install": INSTALL_S,
        "fetch": FETCH_S,
        "isolate, start of the submission": START_S,
        "warm-up": PROFILE["warmup"] * request,
        "timed passes": PROFILE["passes"] * one_pass,
        "perplexity": PPL_TOKENS / TEACHER_FORCED_TPS,
        "latency of streams, pictures": PROFILE["latency_prompts"] * request + pictures,
        "start of the original": ORIGINAL_START_S,
        "control, pictures": (PROFILE["control_prompts"] + 1) * tokens / BASELINE_TPS + pictures,
        "is it the original": REFERENCES * read / TEACHER_FORCED_TPS,
        "audit": PROFILE["audit_answers"] * read / TEACHER_FORCED_TPS,
        "judge": 3.0,
    }


def requests(tps: float) -> int:
    """Timed answers: all of them, or as many as the time boxes let through."""
    request = PROFILE["output_tokens"] / tps
    return PROFILE["passes"] * min(PROFILE["prompts_per_pass"], int(PROFILE["pass_box_s"] / request) + 1)


def table(speeds: list[float]) -> str:
    columns = [phases(tps) for tps in speeds]
    names = list(columns[0])
    head = "| seconds at | " + " | ".join(f"{tps:g} tokens/s" for tps in speeds) + " |"
    rows = [f"| {name} | " + " | ".join(f"{column[name]:.0f}" for column in columns) + " |" for name in names]
    timed = "| timed answers of 512 tokens | " + " | ".join(str(requests(tps)) for tps in speeds) + " |"
    total = [sum(column.values()) / 60 for column in columns]
    last = f"| **minutes of {LIMIT_MIN}** | " + " | ".join(f"**{minutes:.1f}**" for minutes in total) + " |"
    return "\n".join([head, "|---" * (len(speeds) + 1) + "|", *rows, timed, last])


def renewed(page: str, found: str) -> str:
    return re.sub(r"(<!-- begin budget.*? -->\n).*?(<!-- end budget -->)", rf"\1{found}\n\2", page, flags=re.DOTALL)


if __name__ == "__main__":
    found = table([44, 100, 315, 490])
    print(found)
    if "--write" in sys.argv[1:]:
        PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
