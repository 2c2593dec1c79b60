"""Make the model: python3 make.py --out DIR [--seed N]

A folder as a model repository of the Hub has it: config, weights, tokenizer and chat template. The architecture is that
of the real model (Gemma 4: local and global attention, shared keys and values, per-layer embeddings), the weights are
random, and the tokenizer is trained on the text of this repository. The same seed gives the same weights.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import Gemma4ForCausalLM, Gemma4TextConfig, PreTrainedTokenizerFast

DATA = Path(__file__).resolve().parent.parent / "data"
SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", "<|turn>", "<turn|>"]
LOCAL, GLOBAL = "sliding_attention", "full_attention"
CHAT = (
    "{{ bos_token }}{% for message in messages %}<|turn>{{ message['role'] }} {{ message['content'] | trim }}<turn|>"
    "{% endfor %}{% if add_generation_prompt %}<|turn>model{% endif %}"
)


def texts() -> list[str]:
    parts = json.loads((DATA / "prompt_parts.json").read_text(encoding="utf-8"))
    prompts = json.loads((DATA / "prompts.json").read_text(encoding="utf-8"))
    files = [(DATA / name).read_text(encoding="utf-8") for name in ("corpus.txt", "heldout.txt")]
    return [*files, *prompts, *(word for words in parts.values() for word in words), "user model system"]


def tokenizer() -> PreTrainedTokenizerFast:
    """Whole words: a text has one spelling in tokens, so that counting it again is exact even for random words."""
    words = Tokenizer(models.WordLevel(unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    words.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.Fuse()])
    words.train_from_iterator(texts(), trainers.WordLevelTrainer(special_tokens=SPECIAL, show_progress=False))
    return PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="<eos>", bos_token="<bos>", unk_token="<unk>", chat_template=CHAT
    )


def configuration(vocabulary: int) -> Gemma4TextConfig:
    return Gemma4TextConfig(
        vocab_size=vocabulary, vocab_size_per_layer_input=vocabulary, hidden_size=64, intermediate_size=128,
        num_hidden_layers=8, layer_types=[LOCAL, LOCAL, GLOBAL, LOCAL, LOCAL, GLOBAL, LOCAL, GLOBAL], num_kv_shared_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=16, global_head_dim=32, hidden_size_per_layer_input=16,
        sliding_window=16, max_position_embeddings=1024, final_logit_softcapping=30.0, initializer_range=0.1,
    )  # fmt: skip


def make(folder: Path, seed: int) -> None:
    words = tokenizer()
    torch.manual_seed(seed)
    model = Gemma4ForCausalLM(configuration(len(words)))
    model.save_pretrained(folder)
    words.save_pretrained(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    make(args.out, args.seed)


if __name__ == "__main__":
    main()
