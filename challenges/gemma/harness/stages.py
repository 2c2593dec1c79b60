"""The stages of a run. The submission exists only in `measure`; what judges it is never there at the same time."""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from pathlib import Path

from collab_harness import audit as auditing
from collab_harness.client import Answer
from collab_harness.faults import HarnessFault, SubmissionFault
from collab_harness.isolation import Isolation
from collab_harness.perplexity import Perplexity, perplexity
from collab_harness.serving import Server, Setting
from collab_harness.speed import Pass, choose, run_pass, throughput
from collab_harness.staging import stage
from report import Report
from settings import Settings


class Vocabulary:
    """The original's tokenizer, as the harness uses it: to count, to compare, and to build the prompts of the audit."""

    def __init__(self, model: Path) -> None:
        sys.path.insert(0, str(model))
        from tiny_lm.server import chat_prompt
        from tiny_lm.weights import load

        self._tokenizer = load(model / "weights.json").tokenizer
        self._chat = chat_prompt

    def count(self, answer: Answer) -> int:
        """Tokens of an answer, counted by tokenizing its text again."""
        return len(self._tokenizer.encode(answer.text))

    def spells(self, answer: Answer) -> bool:
        """Whether the token ids of an answer are its text."""
        try:
            return self._tokenizer.decode(answer.ids) == answer.text
        except IndexError:
            return False

    def prompt(self, text: str) -> list[int]:
        return self._chat(self._tokenizer, [{"role": "user", "content": text}])


@dataclass
class Bench:
    """Staged copies of everything that runs, and how it runs."""

    settings: Settings
    report: Report
    vocabulary: Vocabulary
    submission: Path
    reference: Path
    work: Path
    setting: Setting | None = None

    @staticmethod
    def prepare(settings: Settings, submission: Path, work: Path, report: Report) -> Bench:
        """Copy submission, reference and model to where an unprivileged user may read them."""
        report.submission(stage(submission, work / "submission"))
        stage(settings.harness / "reference", work / "reference")
        stage(settings.harness / "model", work / "model")
        report.phase("stage")
        vocabulary = Vocabulary(settings.harness / "model")
        return Bench(settings, report, vocabulary, work / "submission", work / "reference", work)

    def isolate(self, layers: Isolation, strict: bool) -> None:
        profile = self.settings.profile
        self.report.isolation = layers
        self.setting = Setting(
            isolation=layers,
            required_layers=list(layers.wanted) if strict else [],
            limits=self.settings.limits,
            startup_s=profile["startup_s"],
            request_s=profile["request_s"],
            env={"MODEL_DIR": str(self.work / "model")},
            readable=[self.work / "model"],
        )
        if strict and layers.held.get("network_namespace"):
            raise HarnessFault(f"the network cannot be closed here: {layers.held['network_namespace']}")

    def serve(self, folder: Path) -> Server:
        assert self.setting is not None
        return Server(folder, self.work / f"scratch-{folder.name}", self.setting)


@dataclass(frozen=True)
class Measured:
    passes: list[Pass]
    tps: list[float]
    counts: list[int]
    ppl: Perplexity


@dataclass(frozen=True)
class Controlled:
    tps: float


def measure(bench: Bench) -> Measured:
    """Warm-up, timed passes, and the perplexity that the submission reports about itself."""
    settings, profile = bench.settings, bench.settings.profile
    rng = random.Random(bench.report.seed)
    chosen = choose(settings.prompts, profile["passes"], profile["prompts_per_pass"], profile["repeats"], rng)
    unused = [p for p in settings.prompts if not any(p in prompts for prompts in chosen)] or settings.prompts
    server = bench.serve(bench.submission)
    try:
        with server as client:
            for prompt in rng.sample(unused, min(profile["warmup"], len(unused))):
                client.chat(prompt, profile["output_tokens"])
            passes = [run_pass(client, prompts, profile["output_tokens"], profile["pass_box_s"]) for prompts in chosen]
            shown = perplexity(settings.ppl_records, client.prompt_logprobs)
    finally:
        bench.report.log("server.log", server.log)
    return _counted(bench, passes, shown)


def _counted(bench: Bench, passes: list[Pass], shown: Perplexity) -> Measured:
    answers = [request.answer for one in passes for request in one.requests]
    asked = bench.settings.profile["output_tokens"]
    for answer in answers:
        if not bench.vocabulary.spells(answer):
            raise SubmissionFault("token_ids: the ids of an answer do not spell its text")
    counts = [bench.vocabulary.count(answer) for answer in answers]
    tps = [throughput(one, lambda answer: min(asked, bench.vocabulary.count(answer))) for one in passes]
    return Measured(passes, tps, counts, shown)


def control(bench: Bench) -> Controlled:
    """The pinned baseline on the same machine, minutes later: an index of the machine, and who is at fault."""
    profile = bench.settings.profile
    prompts = random.Random(1).sample(bench.settings.prompts, profile["control_prompts"])
    try:
        with bench.serve(bench.reference) as client:
            client.chat(prompts[0], profile["output_tokens"])
            one = run_pass(client, prompts, profile["output_tokens"], profile["pass_box_s"])
    except SubmissionFault as fault:
        raise HarnessFault(f"the baseline fails here as well: {fault}") from fault
    return Controlled(throughput(one, bench.vocabulary.count))


def judge_outputs(bench: Bench, measured: Measured) -> auditing.Audit:
    """The original model over every token that was emitted while being timed."""
    emitted = [
        auditing.Emitted(tuple(bench.vocabulary.prompt(r.prompt)), tuple(r.answer.ids))
        for one in measured.passes
        for r in one.requests
    ]
    try:
        with bench.serve(bench.reference) as original:
            _is_the_original(bench, original.prompt_logprobs)
            return auditing.audit(emitted, original.prompt_logprobs)
    except SubmissionFault as fault:
        raise HarnessFault(f"the original model cannot audit: {fault}") from fault


def _is_the_original(bench: Bench, logprobs: auditing.Logprobs) -> None:
    """The server that judges must reproduce the outputs that were stored when the challenge was prepared."""
    stored = [auditing.Emitted(tuple(r["prompt_token_ids"]), tuple(r["token_ids"])) for r in bench.settings.references]
    if not stored:
        return
    agreement = auditing.audit(stored, logprobs).top1.value
    needed = bench.settings.profile["reference_agreement"]
    if agreement < needed:
        raise HarnessFault(f"the original model reproduces {agreement:.4f} of its stored outputs, {needed} is needed")
