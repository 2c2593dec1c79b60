"""Faster and the same: keys and values of what was read already are kept. Says what it sees of the network."""

import os
import urllib.request

import torch
from transformers import DynamicCache

from tiny_gemma.api import serve
from tiny_gemma.model import Gemma, model_from_environment


def network() -> str:
    try:
        urllib.request.urlopen(os.environ["HUB_URL"], timeout=5)
    except urllib.error.HTTPError:
        return "open"
    except OSError:
        return "closed"
    return "open"


class Cached(Gemma):
    def next_logits(self, history):
        kept = getattr(self, "kept", None)
        if not kept or list(history[:-1]) != kept[0]:
            kept = ([], DynamicCache(config=self.network.config))
        new = list(history[len(kept[0]) :])
        with torch.no_grad():
            logits = self.network(torch.tensor([new]), past_key_values=kept[1], use_cache=True).logits[0, -1]
        self.kept = (list(history), kept[1])
        return logits


print(f"seen: offline={os.environ.get('HF_HUB_OFFLINE')} network={network()}", flush=True)
serve(Cached(model_from_environment()))
