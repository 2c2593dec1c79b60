"""The stages of a run. The submission exists only in `measure`; what judges it is never there at the same time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from collab_harness import audit as auditing
from collab_harness.client import Client
from collab_harness.faults import HarnessFault, SubmissionFault
from collab_harness.isolation import Isolation
from collab_harness.perplexity import Perplexity, perplexity
from collab_harness.serving import Server, Setting
from collab_harness.speed import Latency, Pass, choose, first_times, latency, run_pass, throughput
from collab_harness.staging import stage
from engines import Engine, Vocabulary, engine_of, setting_of
from pictures import Looked, drawn, look
from report import Report
from settings import Settings


@dataclass
class Bench:
    """Staged copies of everything that runs, and how it runs."""

    settings: Settings
    report: Report
    vocabulary: Vocabulary
    engine: Engine
    submission: Path
    reference: Path
    work: Path
    setting: Setting | None = None

    @staticmethod
    def prepare(settings: Settings, submission: Path, work: Path, report: Report) -> Bench:
        """Copy submission, reference and model to where an unprivileged user may read them."""
        report.submission(stage(submission, work / "submission"))
        engine = engine_of(settings.harness, settings.profile)
        stage(settings.harness / engine.reference, work / "reference")
        report.phase("stage")
        engine.install(work, [work / "submission", work / "reference"])
        report.phase("install")
        engine.fetch(work, [work / "submission", work / "reference"])
        vocabulary = engine.vocabulary()
        report.phase("fetch")
        return Bench(settings, report, vocabulary, engine, work / "submission", work / "reference", work)

    def isolate(self, layers: Isolation, strict: bool) -> None:
        """From here on servers can be started. In strict mode every layer of STRICT must hold."""
        self.report.isolation = layers
        required = layers.required() if strict else []
        self.setting = setting_of(self.engine, self.settings.profile, self.settings.limits, self.work, layers, required)

    def serve(self, folder: Path) -> Server:
        assert self.setting is not None
        return Server(folder, self.work / f"scratch-{folder.name}", self.setting)


@dataclass(frozen=True)
class Measured:
    passes: list[Pass]
    tps: list[float]
    counts: list[int]
    ppl: Perplexity
    # A text says why there is none: streaming is not asked of a submission.
    latency: Latency | str
    looked: Looked


@dataclass(frozen=True)
class Controlled:
    tps: float
    looked: Looked


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
            streamed = _latency(client, chosen[0][: profile["latency_prompts"]], profile["output_tokens"])
            looked = look(client, _pictures(bench))
    finally:
        bench.report.log("server.log", server.log)
    return _counted(bench, passes, shown, streamed, looked)


def _latency(client: Client, prompts: list[str], tokens: int) -> Latency | str:
    try:
        return latency([client.stream(prompt, tokens) for prompt in prompts])
    except SubmissionFault as fault:
        return str(fault)


def _pictures(bench: Bench) -> list[str]:
    return drawn(bench.settings.profile["pictures"], bench.report.seed)


def _counted(bench: Bench, passes: list[Pass], shown: Perplexity, streamed: Latency | str, looked: Looked) -> Measured:
    answers = [request.answer for one in passes for request in one.requests]
    asked = bench.settings.profile["output_tokens"]
    for answer in answers:
        if not bench.vocabulary.spells(answer):
            raise SubmissionFault("token_ids: the ids of an answer do not spell its text")
    counts = [bench.vocabulary.count(answer) for answer in answers]
    tps = [throughput(fresh, lambda answer: min(asked, bench.vocabulary.count(answer))) for fresh in first_times(passes)]
    return Measured(passes, tps, counts, shown, streamed, looked)


def control(client: Client, bench: Bench) -> Controlled:
    """The pinned baseline on the same machine, minutes later: an index of the machine."""
    profile = bench.settings.profile
    prompts = random.Random(1).sample(bench.settings.prompts, profile["control_prompts"])
    if client.generate(prompts[0], 1, {})[0] != bench.vocabulary.prompt(prompts[0]):
        raise HarnessFault("the original reads a prompt as other tokens than the harness: the audit would ask the wrong thing")
    client.chat(prompts[0], profile["output_tokens"])
    one = run_pass(client, prompts, profile["output_tokens"], profile["pass_box_s"])
    return Controlled(throughput(one.requests, bench.vocabulary.count), look(client, _pictures(bench)))


def blame(bench: Bench) -> None:
    """After a run that failed: when the baseline fails as well, it is not the submission. Raises HarnessFault then."""
    with reference(bench) as client:
        control(client, bench)


@contextmanager
def reference(bench: Bench) -> Iterator[Client]:
    """The original model. Whatever goes wrong with it is no fault of the submission."""
    try:
        with bench.serve(bench.reference) as client:
            yield client
    except SubmissionFault as fault:
        raise HarnessFault(f"the original fails here: {fault}") from fault


def judge_outputs(original: Client, bench: Bench, measured: Measured) -> auditing.Audit:
    """The original model over tokens that were emitted while being timed: all, or as many answers as the profile says."""
    answers = [
        auditing.Emitted(tuple(bench.vocabulary.prompt(r.prompt)), tuple(r.answer.ids))
        for one in measured.passes
        for r in one.requests
    ]
    most = bench.settings.profile["audit_answers"]
    chosen = random.Random(bench.report.seed).sample(answers, min(most, len(answers)))
    _is_the_original(bench, original.prompt_logprobs)
    return auditing.audit(chosen, original.prompt_logprobs)


def _is_the_original(bench: Bench, logprobs: auditing.Logprobs) -> None:
    """The server that judges must reproduce the outputs that were stored when the challenge was prepared."""
    stored = [auditing.Emitted(tuple(r["prompt_token_ids"]), tuple(r["token_ids"])) for r in bench.settings.references]
    if not stored:
        return
    agreement = auditing.audit(stored, logprobs).top1.value
    needed = bench.settings.profile["reference_agreement"]
    if agreement < needed:
        raise HarnessFault(f"the original model reproduces {agreement:.4f} of its stored outputs, {needed} is needed")
