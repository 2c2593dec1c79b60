"""The tiny model: deterministic, a probability distribution, and what its server says about it is true."""

from __future__ import annotations

import json
import math
import sys
import unittest
from pathlib import Path

HARNESS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(HARNESS), str(HARNESS / "model")]

from collab_harness.perplexity import perplexity, records  # noqa: E402
from tiny_lm.engine import Engine  # noqa: E402
from tiny_lm.server import complete  # noqa: E402
from tiny_lm.tokenizer import EOS, Tokenizer  # noqa: E402
from tiny_lm.weights import load  # noqa: E402
from train import train  # noqa: E402

MODEL = load(HARNESS / "model" / "weights.json")
RECORDS = json.loads((HARNESS / "data" / "ppl_records.json").read_text(encoding="utf-8"))


def direct_probability(ids: list[int], place: int, text: list[int], order: int, size: int) -> float:
    """Witten-Bell by its definition, counted over the training text with no table: slow, and independent."""
    p = 1 / size
    for length in range(min(order - 1, place) + 1):
        context = ids[place - length : place]
        follow = [text[i + length] for i in range(len(text) - length) if text[i : i + length] == context]
        if not follow:
            break
        kinds = len(set(follow))
        p = (follow.count(ids[place]) + kinds * p) / (len(follow) + kinds)
    return p


class Weights(unittest.TestCase):
    def test_training_again_gives_the_same_bytes(self) -> None:
        corpus = (HARNESS / "data" / "corpus.txt").read_text(encoding="utf-8")
        self.assertEqual(train(corpus), (HARNESS / "model" / "weights.json").read_text(encoding="utf-8"))

    def test_probabilities_sum_to_one(self) -> None:
        for text in ("", "the", "In the morning the", "zebra quartz"):
            self.assertAlmostEqual(math.fsum(MODEL.ngram.distribution(MODEL.tokenizer.encode(text))), 1, places=12)


class Text(unittest.TestCase):
    def test_any_text_survives(self) -> None:
        for text in ("", "the keeper", "Zürich, 42 €!", "a\n\nb\t", "\U0001f600<eos>", "<eo s>..<eos>.."):
            self.assertEqual(MODEL.tokenizer.decode(MODEL.tokenizer.encode(text)), text)

    def test_end_of_text_is_one_token(self) -> None:
        self.assertEqual(MODEL.tokenizer.encode("it.<eos>The").count(EOS), 1)

    def test_unknown_ids_are_no_text(self) -> None:
        for ids in ([-1], [MODEL.tokenizer.size]):
            with self.assertRaises(IndexError):
                MODEL.tokenizer.decode(ids)

    def test_merges_go_in_the_order_of_training(self) -> None:
        self.assertEqual(Tokenizer([(98, 99), (257, 100)]).encode("abc"), [258])


class Perplexity(unittest.TestCase):
    def test_what_the_server_reports_is_what_the_definition_gives(self) -> None:
        raw = json.loads((HARNESS / "model" / "weights.json").read_text(encoding="utf-8"))
        engine = Engine(MODEL)

        def over_the_api(ids: list[int]) -> list[dict[str, object] | None]:
            body = {"prompt": ids, "max_tokens": 1, "prompt_logprobs": 1}
            reply = json.loads(json.dumps(complete(engine, body, chat=False)))
            entries: list[dict[str, object] | None] = reply["choices"][0]["prompt_logprobs"]
            return entries

        reported = perplexity(records(RECORDS[:2]), over_the_api)
        total = 0.0
        for record in RECORDS[:2]:
            ids = record["context_token_ids"] + record["target_token_ids"]
            for place in range(len(record["context_token_ids"]), len(ids)):
                total -= math.log(direct_probability(ids, place, raw["ids"], raw["order"], MODEL.tokenizer.size))
        self.assertLess(abs(reported.ppl / math.exp(total / reported.tokens) - 1), 1e-9)

    def test_the_reference_of_the_gate_is_measured(self) -> None:
        measured = perplexity(records(RECORDS), lambda ids: Engine(MODEL).prompt_logprobs(ids, 1))
        gate = next(g for g in json.loads((HARNESS / "gates.json").read_text())["gates"] if g["id"] == "ppl")
        if gate["reference"] < 10:
            self.skipTest("the gates are those of the full profile")
        self.assertAlmostEqual(measured.ppl, gate["reference"], places=3)
        self.assertAlmostEqual(gate["limit"], gate["reference"] * (1 + gate["tolerance"]), places=3)


class Greedy(unittest.TestCase):
    def test_the_sample_that_is_faster_says_the_same(self) -> None:
        source = (HARNESS.parent / "submissions" / "faster" / "serve.py").read_text(encoding="utf-8")
        names: dict[str, object] = {}
        body = source.split("class TableEngine")[1].split("serve(TableEngine")[0]
        exec(compile("from tiny_lm.engine import Engine\nclass TableEngine" + body, "serve.py", "exec"), names)
        table, original = names["TableEngine"](MODEL), Engine(MODEL)  # type: ignore[operator]
        contexts = list(MODEL.ngram.nodes)[::97] + [(5, 6, 7), (1,), (1400, 3, 3)]
        for context in contexts:
            self.assertEqual(table.next_token(list(context)), original.next_token(list(context)), context)


if __name__ == "__main__":
    unittest.main()
