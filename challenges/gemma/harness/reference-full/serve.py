"""The original model on stock vLLM: the baseline of the challenge, the control of each run, and the judge of its outputs.

MAX_NUM_BATCHED_TOKENS is small so that prompt log-probabilities over the whole vocabulary fit beside the weights.
"""

import os
import sys

option = os.environ.get
arguments = {
    "--model": os.environ["MODEL_ID"],
    "--served-model-name": os.environ["SERVED_MODEL_NAME"],
    "--host": os.environ["HOST"],
    "--port": os.environ["PORT"],
    "--max-model-len": option("MAX_MODEL_LEN", "4096"),
    "--gpu-memory-utilization": option("GPU_MEMORY_UTILIZATION", "0.90"),
    "--max-num-batched-tokens": option("MAX_NUM_BATCHED_TOKENS", "512"),
}
words = [word for pair in arguments.items() for word in pair]
os.execv(sys.executable, [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *words])
