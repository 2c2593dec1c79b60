"""The model as its server uses it: decoding, greedy or sampled, and log-probabilities of a prompt."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import AutoTokenizer, Gemma4ForCausalLM

Json = dict[str, Any]

torch.set_num_threads(1)


@dataclass(frozen=True)
class Sampling:
    """`temperature` 0 decodes greedily; the others follow the parameters of the OpenAI API and of vLLM."""

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int | None = None


class Gemma:
    """Every step reads the whole history anew: slow, and without any state that could go wrong."""

    def __init__(self, source: str) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(source)
        self.network = Gemma4ForCausalLM.from_pretrained(source, dtype=torch.float32).eval()
        self.eos = int(self.tokenizer.eos_token_id)

    @property
    def size(self) -> int:
        return int(self.network.config.vocab_size)

    def chat(self, messages: list[Json]) -> list[int]:
        ids: list[int] = self.tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=True, return_dict=False)
        return ids

    def logits(self, ids: Sequence[int]) -> torch.Tensor:
        """(length, vocabulary), float32."""
        with torch.no_grad():
            logits: torch.Tensor = self.network(torch.tensor([list(ids)])).logits[0]
        return logits

    def next_logits(self, history: Sequence[int]) -> torch.Tensor:
        """(vocabulary): what comes after a history. A submission changes this."""
        return self.logits(history)[-1]

    def generate(self, prompt: Sequence[int], count: int, ignore_eos: bool, sampling: Sampling) -> list[int]:
        history = list(prompt)
        random = torch.Generator().manual_seed(sampling.seed) if sampling.seed is not None else None
        for _ in range(count):
            history.append(draw(self.next_logits(history), sampling, random))
            if history[-1] == self.eos and not ignore_eos:
                break
        return history[len(prompt) :]

    def prompt_logprobs(self, ids: Sequence[int], top: int) -> list[Json | None]:
        """For each token but the first: log-probability and rank, and those of the `top` best (vLLM's shape)."""
        scores = torch.log_softmax(self.logits(ids), -1)
        return [None] + [self._entries(scores[place - 1], ids[place], top) for place in range(1, len(ids))]

    def _entries(self, scores: torch.Tensor, token: int, top: int) -> Json:
        rank = 1 + int((scores > scores[token]).sum())
        best = [(int(i), n + 1) for n, i in enumerate(scores.topk(top).indices)]
        wanted = dict([(token, rank), *best])
        return {str(i): {"logprob": float(scores[i]), "rank": n, "decoded_token": self.text([i])} for i, n in wanted.items()}

    def text(self, ids: Sequence[int]) -> str:
        found: str = self.tokenizer.decode(list(ids), skip_special_tokens=False)
        return found


def draw(logits: torch.Tensor, sampling: Sampling, random: torch.Generator | None) -> int:
    """One token: the best, or one of those that temperature, top_k and top_p leave."""
    if sampling.temperature == 0:
        return int(logits.argmax())
    ordered, order = torch.sort(torch.softmax(logits / sampling.temperature, -1), descending=True)
    kept = ordered.cumsum(-1) - ordered < sampling.top_p
    if sampling.top_k > 0:
        kept[sampling.top_k :] = False
    return int(order[torch.multinomial(ordered * kept, 1, generator=random)])


def model_from_environment() -> str:
    """What `MODEL_ID` names, in the cache that the harness has filled."""
    return os.environ["MODEL_ID"]
