"""A randomly initialised Gemma of a few hundred thousand weights, served as vLLM serves the real one.

It takes the place of vLLM and of the real weights where torch and transformers are installed, so that the full profile
can be run from its first phase to its last on a CPU. Nothing in here is loaded otherwise.
"""
