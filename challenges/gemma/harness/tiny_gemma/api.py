"""The API of vLLM's server over the tiny model: the fields that the harness asks for, where vLLM puts them.

Of chat answers `prompt_token_ids` and `prompt_logprobs` stand beside `choices`, of completions inside the choice; a stream
of chat begins with a piece that holds the role and no token (vLLM 0.22.0, entrypoints/openai).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tiny_gemma.model import Gemma, Sampling
from tiny_lm.server import MAX_TOKENS, BadRequest, Handler, listen

Json = dict[str, Any]


class GemmaHandler(Handler):
    gemma: Gemma

    def answer(self, body: Json, chat: bool) -> Json:
        return complete(self.gemma, body, chat)

    def events(self, body: Json, chat: bool) -> Iterator[Json]:
        return stream(self.gemma, body, chat)


def complete(gemma: Gemma, body: Json, chat: bool) -> Json:
    prompt, limit = _asked(gemma, body, chat)
    ids = gemma.generate(prompt, limit, bool(body.get("ignore_eos")), _sampling(body))
    text = _text(gemma, ids, body)
    choice: Json = {"index": 0, "finish_reason": "length" if len(ids) == limit else "stop", "stop_reason": None}
    choice |= {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
    about: Json = {"prompt_token_ids": None, "prompt_logprobs": None}
    choice["token_ids"] = ids if body.get("return_token_ids") else None
    if body.get("return_token_ids"):
        about["prompt_token_ids"] = prompt
    if body.get("prompt_logprobs") is not None:
        about["prompt_logprobs"] = gemma.prompt_logprobs(prompt, int(body["prompt_logprobs"]))
    usage = {"prompt_tokens": len(prompt), "completion_tokens": len(ids), "total_tokens": len(prompt) + len(ids)}
    kind = "chat.completion" if chat else "text_completion"
    reply = {"id": "0", "object": kind, "model": body.get("model"), "choices": [choice if chat else choice | about]}
    return reply | {"usage": usage} | (about if chat else {})


def stream(gemma: Gemma, body: Json, chat: bool) -> Iterator[Json]:
    history, limit = _asked(gemma, body, chat)
    if chat:
        role = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}
        yield {"object": "chat.completion.chunk", "choices": [role], "prompt_token_ids": history}
    for _ in range(limit):
        ids = gemma.generate(history, 1, True, _sampling(body))
        history = [*history, *ids]
        text = _text(gemma, ids, body)
        yield {"choices": [{"index": 0, "token_ids": ids, **({"delta": {"content": text}} if chat else {"text": text})}]}
        if ids == [gemma.eos] and not body.get("ignore_eos"):
            return


def _text(gemma: Gemma, ids: list[int], body: Json) -> str:
    text: str = gemma.tokenizer.decode(ids, skip_special_tokens=bool(body.get("skip_special_tokens", True)))
    return text


def _asked(gemma: Gemma, body: Json, chat: bool) -> tuple[list[int], int]:
    """Token ids of the prompt, and how many more are wanted."""
    limit = body.get("max_completion_tokens") or body.get("max_tokens") or 16
    if not isinstance(limit, int) or not 0 < limit <= MAX_TOKENS:
        raise BadRequest(f"max_tokens must be 1 to {MAX_TOKENS}")
    if chat:
        return gemma.chat(body["messages"]), limit
    prompt = body.get("prompt")
    if isinstance(prompt, str):
        return gemma.tokenizer.encode(prompt, add_special_tokens=bool(body.get("add_special_tokens", True))), limit
    if isinstance(prompt, list) and prompt and all(type(i) is int and 0 <= i < gemma.size for i in prompt):
        return prompt, limit
    raise BadRequest("prompt must be text or a list of token ids")


def _sampling(body: Json) -> Sampling:
    given = {name: body[name] for name in ("temperature", "top_k", "top_p", "seed") if body.get(name) is not None}
    return Sampling(**given)


def serve(gemma: Gemma) -> None:
    """Serve until killed, on HOST and PORT of the environment."""
    listen(type("BoundHandler", (GemmaHandler,), {"gemma": gemma}))
