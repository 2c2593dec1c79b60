"""A small but real language model in plain Python: byte-level BPE and an interpolated n-gram model."""

from tiny_lm.ngram import NGram
from tiny_lm.tokenizer import Tokenizer
from tiny_lm.weights import Model, load

__all__ = ["Model", "NGram", "Tokenizer", "load"]
