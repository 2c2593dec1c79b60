"""Every request of the harness is one that vLLM 0.22.0 understands, and every answer is read from where vLLM puts it."""

from __future__ import annotations

import math
import sys
import unittest
from pathlib import Path

HARNESS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(HARNESS), str(HARNESS / "model"), str(HARNESS / "tests")]

import pictures  # noqa: E402
from collab_harness.audit import Emitted, audit  # noqa: E402
from collab_harness.client import Client  # noqa: E402
from collab_harness.faults import HarnessFault, SubmissionFault  # noqa: E402
from collab_harness.perplexity import Record, perplexity  # noqa: E402
from collab_harness.speed import latency  # noqa: E402
from prepare_full import SAMPLING  # noqa: E402
from tiny_lm.engine import Engine  # noqa: E402
from tiny_lm.server import BadRequest  # noqa: E402
from tiny_lm.weights import load  # noqa: E402
from vllm_wire import MODEL, WireHandler, check, pixel, served  # noqa: E402

ENGINE = Engine(load(HARNESS / "model" / "weights.json"))
PROMPT = "In the morning the keeper"
NAMES = {rgb: name for name, rgb in pictures.COLOURS.items()}


class Seeing(WireHandler):
    def describe(self, colour: tuple[int, int, int]) -> str:
        return NAMES[colour].title() + "."


class ColourBlind(Seeing):
    def describe(self, colour: tuple[int, int, int]) -> str:
        return "grey"


class TextOnly(WireHandler):
    def describe(self, colour: tuple[int, int, int]) -> str:
        raise BadRequest("At most 0 image(s) may be provided in one prompt.")


class Wire(unittest.TestCase):
    def served(self, handler: type[WireHandler] = WireHandler) -> Client:
        context = served(ENGINE, handler)
        port, self.seen = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        client = Client(port, MODEL, 10)
        self.addCleanup(client.close)
        return client


class Requests(Wire):
    def test_speed_asks_for_ids_and_for_no_early_end(self) -> None:
        answer = self.served().chat(PROMPT, 8)
        path, body = self.seen[0]
        self.assertEqual(path, "/v1/chat/completions")
        self.assertEqual((body["ignore_eos"], body["return_token_ids"], body["temperature"], body["max_tokens"]), (True, True, 0, 8))
        self.assertEqual(answer.ids, ENGINE.generate(ENGINE.model.tokenizer.encode(PROMPT), 8, True))

    def test_references_are_sampled_and_know_their_prompt(self) -> None:
        asked, answered = self.served().generate(PROMPT, 8, SAMPLING | {"seed": 3, "ignore_eos": False})
        self.assertEqual(asked, ENGINE.model.tokenizer.encode(PROMPT))
        self.assertGreater(len(answered), 0)
        body = self.seen[0][1]
        self.assertEqual((body["temperature"], body["top_k"], body["top_p"], body["seed"]), (1.0, 64, 0.95, 3))

    def test_a_stream_is_timed_by_its_tokens_alone(self) -> None:
        streamed = self.served().stream(PROMPT, 6)
        self.assertEqual(len(streamed.arrived), 6)
        self.assertGreater(latency([streamed]).first_token, 0)

    def test_log_probabilities_of_a_prompt_of_token_ids(self) -> None:
        client = self.served()
        ids = ENGINE.model.tokenizer.encode("In the morning the wind comes from the sea")
        found = perplexity([Record(ids[:3], ids[3:])], client.prompt_logprobs)
        direct = [ENGINE.model.ngram.distribution(ids[:i])[ids[i]] for i in range(3, len(ids))]
        self.assertAlmostEqual(found.ppl, math.exp(-math.fsum(map(math.log, direct)) / len(direct)), places=9)
        body = self.seen[0][1]
        self.assertEqual((body["prompt"], body["prompt_logprobs"], body["add_special_tokens"]), (ids, 1, False))

    def test_the_audit(self) -> None:
        client = self.served()
        prompt, answer = client.generate(PROMPT, 12, {"ignore_eos": True})
        found = audit([Emitted(tuple(prompt), tuple(answer))], client.prompt_logprobs)
        self.assertEqual((found.top1.value, found.nll_gap.value, found.top1.n), (1, 0, 12))

    def test_what_that_server_does_not_know_is_seen(self) -> None:
        for path, body in (
            ("/v1/chat/completions", {"prompt": "x"}),
            ("/v1/completions", {"ignore_EOS": True}),
            ("/v1/completions", {"prompt_logprobs": True}),
            ("/v1/completions", {"prompt_logprobs": 1, "stream": True}),
            ("/v1/completions", {"max_tokens": 0}),
        ):
            with self.assertRaises(BadRequest):
                check(path, {"model": MODEL} | body)

    def test_a_prompt_that_is_too_long_is_refused_with_the_reason(self) -> None:
        with self.assertRaisesRegex(SubmissionFault, "answered 400"):
            self.served().chat("the " * 5000, 512)


class Pictures(Wire):
    def test_a_drawn_picture_is_a_valid_one_of_that_colour(self) -> None:
        for name, rgb in pictures.COLOURS.items():
            self.assertEqual(pixel(pictures.content(name)[0]["image_url"]["url"]), rgb)

    def test_the_original_is_right_about_all_and_so_is_an_equal(self) -> None:
        colours = pictures.drawn(6, 1)
        seen = pictures.look(self.served(Seeing), colours)
        self.assertEqual(len(set(colours)), 6)
        self.assertEqual(pictures.share(seen, seen), (1, 6))

    def test_blind_and_text_only_servers_are_told_apart_from_the_original(self) -> None:
        colours = pictures.drawn(6, 1)
        original = pictures.look(self.served(Seeing), colours)
        blind = pictures.look(self.served(ColourBlind), colours)
        refused = pictures.look(self.served(TextOnly), colours)
        self.assertEqual((pictures.share(blind, original)[0], pictures.share(refused, original)[0]), (0, 0))
        self.assertIsNone(blind.problem)
        self.assertIn("answered 400", refused.problem or "")

    def test_an_original_that_sees_nothing_judges_nobody(self) -> None:
        blind = pictures.look(self.served(ColourBlind), pictures.drawn(6, 1))
        with self.assertRaisesRegex(HarnessFault, "names 0 of 6"):
            pictures.share(blind, blind)

    def test_an_answer_that_names_two_colours_names_none(self) -> None:
        self.assertEqual(pictures.names("Red."), {"red"})
        self.assertEqual(pictures.names("red or blue"), {"red", "blue"})
        self.assertEqual(pictures.names("redness"), set())


if __name__ == "__main__":
    unittest.main()
