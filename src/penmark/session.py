"""From names to work: what the command line and the Python interface both stand on.

A request says in plain names what to do; `write` and `judge` check all of it before anything is stored or
paid for, then run the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Literal

from penmark.errors import ConfigError
from penmark.evaluate.budget import Budget
from penmark.evaluate.estimate import Estimate, estimate, prompt_tokens, sizes
from penmark.evaluate.fitting import fitted, traits_of
from penmark.evaluate.judging import Judging, JudgingPlan, check_scorable
from penmark.evaluate.progress import Progress
from penmark.evaluate.running import run_async
from penmark.evaluate.writing import Writing, WritingPlan
from penmark.named import make_judge, make_model, open_benchmark
from penmark.protocols import Benchmark, Judge, JudgeOptions, Model, ModelOptions, PairJudge, Sampling
from penmark.records import Response, Task
from penmark.store import Store, reads
from penmark.text import estimate_tokens

Watch = Callable[[Progress], AbstractContextManager[object]]
MOST_ALTERNATIVES = 20  # what endpoints give at most
USUAL_WORDS = 800  # of a response that is still to be written, for estimates


@dataclass(frozen=True, kw_only=True)
class CallOptions:
    """How calls are made, whatever they are for.

    Attributes:
        connections: most calls in flight.
        max_calls: calls to send at most; None = no limit.
        max_tokens: tokens to send and receive at most; None = no limit.
        max_cost_usd: money to spend at most; None = no limit.
        sampling: settings to use instead of the usual ones; None fields keep the usual.
    """

    model: ModelOptions = field(default_factory=ModelOptions)
    sampling: Sampling = field(default_factory=Sampling)
    connections: int = 32
    max_calls: int | None = None
    max_tokens: int | None = None
    max_cost_usd: float | None = None

    def budget(self) -> Budget:
        """A fresh budget with these limits."""
        return Budget(max_calls=self.max_calls, max_tokens=self.max_tokens, max_cost_usd=self.max_cost_usd)


@dataclass(frozen=True, kw_only=True)
class WriteRequest:
    """Have `writer` (a model) write the tasks of `bench`."""

    bench: str
    writer: str
    name: str | None = None
    limit: int | None = None
    data: Path | None = None
    calls: CallOptions = field(default_factory=CallOptions)


@dataclass(frozen=True, kw_only=True)
class VerdictRequest:
    """Have `judge` look at what the store holds of `bench`.

    Attributes:
        model: the model behind the judge, where it needs one.
        name: what its verdicts are kept under; None makes "JUDGE@MODEL".
        writers: only their responses; all when empty.
    """

    bench: str
    judge: str
    model: str | None = None
    name: str | None = None
    writers: Sequence[str] = ()
    limit: int | None = None
    repeats: int = 1
    retry_unscored: bool = False
    options: JudgeOptions = field(default_factory=JudgeOptions)
    calls: CallOptions = field(default_factory=CallOptions)


@dataclass(frozen=True, kw_only=True)
class JudgeRequest(VerdictRequest):
    """Have `judge` score responses.

    Attributes:
        score: "expected" weighs the scores a reply could have given by their log-probabilities.
        responses: keys of the only responses to score; all when None.
    """

    score: Literal["integer", "expected"] = "integer"
    partial: bool = False
    responses: frozenset[str] | None = None


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        name: of the writer or judge.
        stopped_by: why it ended early; "" when it did not.
    """

    name: str
    progress: Progress
    stopped_by: str


def check_models(names: Sequence[str], options: ModelOptions) -> None:
    """Make sure that these models can be had, before anything is stored or paid for.

    Raises:
        ConfigError: when one is not installed or has no such name.
        ModelError: when one cannot be reached or refuses the key.
    """

    async def check(model: Model) -> None:
        async with model:
            await model.check()

    for name in dict.fromkeys(names):
        run_async(check(make_model(name, options)))


def check_run(store: Store, writing: WriteRequest, judging: JudgeRequest) -> None:
    """Make sure that what will be written can also be judged, before anything is stored or paid for."""
    check_judging(store, judging, islice(open_benchmark(writing.bench, writing.data, store).tasks(), writing.limit))
    check_models([writing.writer], writing.calls.model)


def check_judging(store: Store, request: JudgeRequest, tasks: Iterable[Task]) -> None:
    """Make sure that responses to these tasks can be judged; PenmarkError if not."""
    judge = make_judge(request.judge, fitted(request.options, request.model))
    model = judge_model(request, judge)
    check_scorable(judge, request.bench, [len(list(judge.rubric(task).leaves())) for task in tasks])
    Judging(store, _judging_plan(request, judge, model), request.calls.budget())
    check_models([request.model] if model and request.model else [], request.calls.model)


def write(store: Store, request: WriteRequest, watch: Watch = nullcontext, budget: Budget | None = None) -> Outcome:
    """Write what is missing.

    Args:
        store: where to.
        request: what to write.
        watch: shows the progress while it lasts.
        budget: one that is shared with other work; a fresh one when None.

    Raises:
        PenmarkError: before anything is stored, when something does not fit.
    """
    benchmark = open_benchmark(request.bench, request.data, store)
    tasks = list(enumerate(islice(benchmark.tasks(), request.limit)))
    calls = request.calls
    model = make_model(request.writer, calls.model)
    name = request.name or request.writer

    async def work() -> Outcome:
        async with model:
            await model.check()
            plan = WritingPlan(
                tasks=tasks,
                revision=benchmark.card.revision,
                writer=name,
                model=model,
                sampling=_writer_sampling(benchmark, request),
                connections=calls.connections,
            )
            writing = Writing(store, plan, budget or calls.budget())
            with watch(writing.progress):
                return Outcome(name, writing.progress, await writing.run())

    return run_async(work())


def estimates(store: Store, requests: Sequence[WriteRequest | JudgeRequest]) -> list[Estimate]:
    """What the requests, one after the other, would take; nothing is sent or stored.

    Raises:
        PenmarkError: when something does not fit.
    """
    made: list[Estimate] = []
    unwritten: list[Task] = []
    for request in requests:
        if isinstance(request, WriteRequest):
            benchmark = open_benchmark(request.bench, request.data, store)
            model = make_model(request.writer, request.calls.model)
            tasks = list(islice(benchmark.tasks(), request.limit))
            unwritten = _unwritten(store, tasks, request.name or request.writer)
            sampling = _writer_sampling(benchmark, request)
            made.append(estimate(model, ((estimate_tokens(t.prompt), 0) for t in unwritten), sampling))
        else:
            made.append(_estimate_judge(store, request, unwritten))
    return made


def _writer_sampling(benchmark: Benchmark, request: WriteRequest) -> Sampling:
    """The benchmark's, within what is worth asking the writer for, with the user's own settings in their place."""
    usual = benchmark.card.sampling
    lengths = (usual.max_tokens, traits_of(request.writer).text_tokens)
    longest = min((n for n in lengths if n is not None), default=None)
    return override(replace(usual, max_tokens=longest), request.calls.sampling)


def _unwritten(store: Store, tasks: Sequence[Task], writer: str) -> list[Task]:
    return [t for t in tasks if not any(r.text is not None for r in reads.responses_to(store.db, t.key, writer))]


def _estimate_judge(store: Store, request: JudgeRequest, unwritten: Sequence[Task]) -> Estimate:
    """Judging what is there and, where responses are still to be written, texts of a usual length in their place."""
    judge = make_judge(request.judge, fitted(request.options, request.model))
    if not unwritten:
        check_responses(store, request)
    model = judge_model(request, judge)
    plan = _judging_plan(request, judge, model)
    there = Judging(store, plan, request.calls.budget()).question_sizes()
    to_come = (size for t in unwritten for _ in range(plan.repeats) for size in _usual_sizes(judge, t))
    return estimate(model, chain(there, to_come), plan.sampling)


def _usual_sizes(judge: Judge, task: Task) -> Iterator[tuple[int, int]]:
    """Sizes of the calls about one response of a usual length to a task, its plan included."""
    usual = Response(task="", writer="", text="word " * USUAL_WORDS)
    question = judge.plan(task)
    if question is not None:
        yield prompt_tokens(question.prompt), 0
        task = replace(task, tags={**task.tags, **question.likely.tags})
    yield from sizes(question.prompt for question in judge.questions(task, usual))


def judge(store: Store, request: JudgeRequest, watch: Watch = nullcontext, budget: Budget | None = None) -> Outcome:
    """Judge what is missing.

    Args:
        store: where the responses are and the judgments go.
        request: what to judge.
        watch: shows the progress while it lasts.
        budget: one that is shared with other work; a fresh one when None.

    Raises:
        PenmarkError: before anything is stored, when something does not fit.
    """
    judge = make_judge(request.judge, fitted(request.options, request.model))
    check_responses(store, request)
    model = judge_model(request, judge)
    plan = _judging_plan(request, judge, model)

    async def work() -> Outcome:
        if model is None:
            return await run()
        async with model:
            await model.check()
            return await run()

    async def run() -> Outcome:
        judging = Judging(store, plan, budget or request.calls.budget())
        with watch(judging.progress):
            return Outcome(plan.judge_name, judging.progress, await judging.run())

    return run_async(work())


def judge_model(request: VerdictRequest, judge: Judge | PairJudge) -> Model | None:
    """The model behind the judge; None where it asks none.

    Raises:
        ConfigError: when it needs one and none is named, or the named one cannot be had.
    """
    if not judge.card.needs_model:
        return None
    if request.model is None:
        raise ConfigError(
            f"judge {request.judge!r} asks a model; name one with --judge-model, such as openai/gpt-4.1-mini"
        )
    return make_model(request.model, request.calls.model)


def _judging_plan(request: JudgeRequest, judge: Judge, model: Model | None) -> JudgingPlan:
    return JudgingPlan(
        bench=request.bench,
        judge=judge,
        judge_name=request.name or (f"{request.judge}@{request.model}" if model else request.judge),
        model=model,
        sampling=_judge_sampling(judge, request),
        writers=request.writers,
        limit=request.limit,
        responses=request.responses,
        repeats=request.repeats,
        score=request.score,
        partial=request.partial,
        retry_unscored=request.retry_unscored,
        connections=request.calls.connections,
    )


def _judge_sampling(judge: Judge, request: JudgeRequest) -> Sampling:
    sampling = override(judge.sampling, request.calls.sampling)
    return replace(sampling, top_logprobs=MOST_ALTERNATIVES) if request.score == "expected" else sampling


def check_responses(store: Store, request: VerdictRequest) -> None:
    """Make sure that there are responses, by all the writers who are named.

    Raises:
        ConfigError: when there are none.
    """
    known = reads.writers_of(store.db, request.bench)
    if not known:
        raise ConfigError(
            f"{store.path} holds no responses to {request.bench!r}, only to: "
            f"{', '.join(reads.benches(store.db)) or 'nothing'}; get some with "
            f"`penmark write {request.bench} --writer MODEL` or `penmark import responses`"
        )
    unknown = [name for name in request.writers if name not in known]
    if unknown:
        raise ConfigError(
            f"no responses by {', '.join(unknown)} in {store.path}; there are those of {', '.join(known)}"
        )


def override(usual: Sampling, wanted: Sampling) -> Sampling:
    """The usual sampling with the settings that were asked for in their place."""
    given = {name: value for name, value in asdict(wanted).items() if value is not None}
    return replace(usual, **given)
