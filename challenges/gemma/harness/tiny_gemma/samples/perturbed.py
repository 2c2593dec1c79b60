"""Cheap numerics, badly done: noise of a tenth on every weight matrix."""

import torch

from tiny_gemma.api import serve
from tiny_gemma.model import Gemma, model_from_environment

gemma = Gemma(model_from_environment())
torch.manual_seed(1)
with torch.no_grad():
    for weights in gemma.network.parameters():
        if weights.dim() == 2:
            weights.add_(torch.randn_like(weights) * weights.std() * 0.1)
serve(gemma)
