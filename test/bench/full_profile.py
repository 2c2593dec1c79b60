"""Where the minutes of one job of the full Gemma profile go, at several speeds: python3 test/bench/full_profile.py

Counted from harness/profiles/full.json. The times below it are what participants of the published challenge reported
for an a10g-small, or assumptions, and are named as such.
"""

from __future__ import annotations

import json
from pathlib import Path

PROFILE = json.loads(
    (Path(__file__).resolve().parents[2] / "challenges/gemma/harness/profiles/full.json").read_text(encoding="utf-8")
)

# Seconds. Cold start of the published job was 6 to 7 minutes in all: fetching the weights and starting the server.
FETCH_S = 180.0
START_S = 210.0
ORIGINAL_START_S = 150.0  # the weights are in the page cache by then (assumption)
BASELINE_TPS = 44.0
# Prompt tokens per second with log-probabilities and 512 batched tokens (assumption; to be measured by a probe job).
TEACHER_FORCED_TPS = 1500.0
PROMPT_TOKENS, PPL_TOKENS = 276, 97_145
LIMIT_MIN = 40


def phases(tps: float) -> dict[str, float]:
    """Seconds of each phase for a submission of that speed."""
    request = PROFILE["output_tokens"] / tps
    full_pass = PROFILE["prompts_per_pass"] * request
    one_pass = min(full_pass, PROFILE["pass_box_s"] + request)
    audited = PROFILE["audit_answers"] * (PROMPT_TOKENS + PROFILE["output_tokens"])
    return {
        "fetch": FETCH_S,
        "start": START_S,
        "warm-up": PROFILE["warmup"] * request,
        "timed passes": PROFILE["passes"] * one_pass,
        "perplexity": PPL_TOKENS / TEACHER_FORCED_TPS,
        "start of the original": ORIGINAL_START_S,
        "control": (PROFILE["control_prompts"] + 1) * PROFILE["output_tokens"] / BASELINE_TPS,
        "audit": audited / TEACHER_FORCED_TPS,
    }


def table(speeds: list[float]) -> str:
    columns = [phases(tps) for tps in speeds]
    names = list(columns[0])
    head = "| seconds at | " + " | ".join(f"{tps:g} tokens/s" for tps in speeds) + " |"
    rows = [f"| {name} | " + " | ".join(f"{column[name]:.0f}" for column in columns) + " |" for name in names]
    total = [sum(column.values()) / 60 for column in columns]
    last = f"| **minutes of {LIMIT_MIN}** | " + " | ".join(f"**{minutes:.1f}**" for minutes in total) + " |"
    return "\n".join([head, "|---" * (len(speeds) + 1) + "|", *rows, last])


if __name__ == "__main__":
    print(table([44, 100, 315, 490]))
