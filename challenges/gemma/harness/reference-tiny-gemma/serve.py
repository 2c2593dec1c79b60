"""The tiny Gemma, served the straightforward way: in the place of the original on vLLM."""

from tiny_gemma.api import serve
from tiny_gemma.model import Gemma, model_from_environment

serve(Gemma(model_from_environment()))
