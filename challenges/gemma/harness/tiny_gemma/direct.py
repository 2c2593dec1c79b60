"""Perplexity straight from the logits: another way through torch than the server's, to hold the harness against.

The server makes one pass over a whole text in float32 and takes log_softmax. Here the weights are float64, the text goes in
one token at a time over a cache of keys and values, and the loss is torch's cross entropy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import DynamicCache, Gemma4ForCausalLM
from transformers.utils import logging

Json = dict[str, Any]

torch.set_num_threads(1)


def perplexity_of(model: Path, records: Sequence[Json]) -> Json:
    """{ppl, tokens} of records {context_token_ids, target_token_ids}; the context does not count."""
    logging.disable_progress_bar()
    network = Gemma4ForCausalLM.from_pretrained(model, dtype=torch.float64).eval()
    losses = [loss for record in records for loss in _losses(network, record)]
    return {"ppl": math.exp(math.fsum(losses) / len(losses)), "tokens": len(losses)}


def _losses(network: Gemma4ForCausalLM, record: Json) -> list[float]:
    """Negative log-likelihood of each target token, in nats."""
    ids = [*record["context_token_ids"], *record["target_token_ids"]]
    cache = DynamicCache(config=network.config)
    losses = []
    with torch.no_grad():
        for place, token in enumerate(ids[:-1]):
            logits = network(torch.tensor([[token]]), past_key_values=cache, use_cache=True).logits[0]
            if place + 1 >= len(record["context_token_ids"]):
                losses.append(float(torch.nn.functional.cross_entropy(logits, torch.tensor([ids[place + 1]]))))
    return losses
