"""What the evaluator is told by its environment."""

from __future__ import annotations

import os
import secrets
from collections.abc import MutableMapping
from dataclasses import dataclass, field

SECRETS = ("HF_TOKEN", "EVALUATOR_KEY")


@dataclass(frozen=True)
class Settings:
    api_url: str
    hub_url: str
    name: str
    poll_s: float
    host: str
    port: int
    api_private: bool
    needs_layer: bool
    hf_token: str = field(repr=False)
    key: str = field(repr=False)


class SettingsError(Exception):
    """Says what is missing, never a value."""


def take(env: MutableMapping[str, str] = os.environ) -> Settings:
    """Reads the settings and takes the secrets out of the environment: no program started from here inherits them."""
    missing = [name for name in ("API_URL", "EVALUATOR_KEY") if not env.get(name)]
    hf_token, key = (env.pop(name, "") for name in SECRETS)
    if missing:
        raise SettingsError(f"not set: {', '.join(missing)}")
    return Settings(
        api_url=env["API_URL"].rstrip("/"),
        hub_url=env.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/"),
        name=env.get("SPACE_ID", "").replace("/", ".") or f"evaluator-{secrets.token_hex(4)}",
        poll_s=float(env.get("EVALUATOR_POLL_S", "10")),
        host=env.get("HOST", "0.0.0.0"),
        port=int(env.get("PORT", "7860")),
        api_private=env.get("API_PRIVATE", "false") == "true",
        needs_layer=env.get("SUBMISSIONS_NEED_LAYER", "false") == "true",
        hf_token=hf_token,
        key=key,
    )
