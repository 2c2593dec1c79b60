"""The original model, served the straightforward way: every step computes the probability of every token."""

import os
import sys

sys.path.insert(0, os.environ["MODEL_DIR"])

from tiny_lm.engine import Engine  # noqa: E402
from tiny_lm.server import model_from_environment, serve  # noqa: E402

serve(Engine(model_from_environment()))
