"""From names to comparisons: what `penmark compare` and the Python interface stand on, beside `session`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from penmark import registry
from penmark.errors import ConfigError
from penmark.evaluate.budget import Budget
from penmark.evaluate.comparing import Comparing, ComparingPlan
from penmark.evaluate.estimate import Estimate, estimate
from penmark.evaluate.fitting import fitted
from penmark.evaluate.pairing import Field, Pair, schedule
from penmark.evaluate.running import run_async
from penmark.protocols import Model, PairJudge
from penmark.session import Outcome, VerdictRequest, Watch, check_responses, judge_model, override
from penmark.store import Store, reads
from penmark.store.tallies import response_places


@dataclass(frozen=True, kw_only=True)
class CompareRequest(VerdictRequest):
    """Have `judge` compare responses to the same task by two writers, each pair in both orders.

    Attributes:
        against: baselines; all others are compared with each of them. All against all when there is none.
        max_pairs: pairs to compare at most, spread evenly over writers and tasks.
        seed: of the spread.
    """

    against: Sequence[str] = ()
    max_pairs: int | None = None
    seed: int = 0


def compare(store: Store, request: CompareRequest, watch: Watch = nullcontext, budget: Budget | None = None) -> Outcome:
    """Compare what is missing.

    Args:
        store: where the responses are and the preferences go.
        request: what to compare.
        watch: shows the progress while it lasts.
        budget: one that is shared with other work; a fresh one when None.

    Raises:
        PenmarkError: before anything is stored, when something does not fit.
    """
    plan = _plan(store, request)

    async def work() -> Outcome:
        async with plan.model as model:
            await model.check()
            comparing = Comparing(store, plan, budget or request.calls.budget())
            with watch(comparing.progress):
                return Outcome(plan.judge_name, comparing.progress, await comparing.run())

    return run_async(work())


def estimate_comparing(store: Store, request: CompareRequest) -> Estimate:
    """What the request would take; nothing is sent or stored.

    Raises:
        PenmarkError: when something does not fit.
    """
    plan = _plan(store, request)
    return estimate(plan.model, Comparing(store, plan, request.calls.budget()).question_sizes(), plan.sampling)


def _plan(store: Store, request: CompareRequest) -> ComparingPlan:
    judge, model = _judge(request)
    check_responses(store, request)
    return ComparingPlan(
        bench=request.bench,
        judge=judge,
        judge_name=request.name or f"{request.judge}@{model.id}",
        model=model,
        sampling=override(judge.sampling, request.calls.sampling),
        pairs=schedule_of(store, request),
        repeats=request.repeats,
        retry_unscored=request.retry_unscored,
        connections=request.calls.connections,
    )


def _judge(request: CompareRequest) -> tuple[PairJudge, Model]:
    module = registry.load("judges", request.judge)
    if not module.CARD.compares:
        raise ConfigError(
            f"judge {request.judge!r} scores one response at a time; use `penmark judge {request.bench} --judge "
            f"{request.judge}`, or compare with `--judge pairwise`"
        )
    judge: PairJudge = module.create(fitted(request.options, request.model))
    model = judge_model(request, judge)
    if model is None:
        raise ConfigError(f"judge {request.judge!r} says it asks no model; a judge that compares must")
    return judge, model


def schedule_of(store: Store, request: CompareRequest) -> list[Pair]:
    """The comparisons to make: in the order of the tasks or, where it may be cut short, the even one.

    Raises:
        ConfigError: when there are none, or too few to connect the writers.
    """
    field = _field(store, request)
    calls = request.calls
    limits = (calls.max_calls, calls.max_tokens, calls.max_cost_usd)
    is_even = any(limit is not None for limit in limits)
    pairs = schedule(field, most=request.max_pairs, is_even=is_even, seed=request.seed)
    if not pairs:
        raise ConfigError(
            f"no two of these writers have answered the same task of {request.bench} in {store.path}; "
            "write or import the same tasks by each of them"
        )
    return pairs


def _field(store: Store, request: CompareRequest) -> Field:
    """Who meets whom on what, checked."""
    copies = reads.copies(store.db)
    known = reads.writers_of(store.db, request.bench)
    unknown = [name for name in request.against if name not in known]
    if unknown:
        raise ConfigError(
            f"no responses by {', '.join(unknown)}, named with --against, in {store.path}; "
            f"there are those of {', '.join(known)}"
        )
    originals = [name for name in known if name not in copies]  # Perturbed copies are compared only where named.
    writers = list(dict.fromkeys([*(request.writers or originals), *request.against]))
    if request.against and set(writers) == set(request.against):
        raise ConfigError(
            f"all writers are named with --against ({', '.join(writers)}), and baselines are not compared among "
            "themselves; name fewer, or leave --against out to compare all with all"
        )
    if len(writers) < 2:
        raise ConfigError(
            f"comparing needs two writers, and there is only {', '.join(writers)}; "
            f"add responses with `penmark write {request.bench} --writer MODEL` or `penmark import responses`"
        )
    if request.max_pairs is not None and request.max_pairs < len(writers) - 1:
        raise ConfigError(
            f"--max-pairs {request.max_pairs} cannot connect {len(writers)} writers; "
            f"pass {len(writers) - 1} or more, or fewer writers"
        )
    return Field(_responses(store, request, writers), tuple(request.against))


def _responses(store: Store, request: CompareRequest, writers: Sequence[str]) -> dict[str, dict[str, str]]:
    """Task key to writer to response key; of several responses by one writer, one."""
    writer_of = {key: writer for key, (_, writer) in response_places(store.db, request.bench).items()}
    found: dict[str, dict[str, str]] = {}
    for task, key in reads.response_keys(store.db, request.bench, writers, request.limit):
        if key in writer_of:  # Else another process has added it since.
            found.setdefault(task, {}).setdefault(writer_of[key], key)
    return found
