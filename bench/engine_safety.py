"""What judging does when things go wrong: faults, kills, and budgets that run out."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from engine_figures import Figure
from engine_run import MockServer, judge
from engine_setup import CALLS, Scores, Workshop, equal_leaves, scores, stored_calls
from penmark.named import make_judge
from penmark.protocols import JudgeOptions
from penmark.store import Store, reads

FAULTS = {"p429": 0.05, "p500": 0.02, "preset": 0.01, "pmidreset": 0.01, "pmalformed": 0.03, "phang": 0.01}
TIMEOUT_S = 2
LOW_COVERAGE = 3  # exit code
STOPPED = (0, LOW_COVERAGE)  # exit codes of a run that its budget ended
STICKY_SHARE = 0.03
KILLS, KILL_CONNECTIONS, KILL_LATENCY_S, KILL_WRITERS = 20, 256, 0.3, 5
KILLED_BETWEEN_S = (0.6, 3.5)  # after the start of the command, of which about 0.6 s are start-up
REAL_KILLS, REAL_LATENCY_S, REAL_KILLED_BETWEEN_S = 5, 5.0, (3.0, 10.0)
WINDOW_S = 0.05
MAX_CALLS, MAX_COST_USD = 100, 0.5
PRICES = '[models]\n"openai/mock" = { input = 1.0, cached = 0.1, output = 4.0 }\n'


def faults(shop: Workshop) -> Iterator[Figure]:
    """Judgments under faults, compared with those without."""
    undisturbed = shop.undisturbed()
    equal, walls = [], []
    for _ in range(shop.repeats):
        db = shop.fresh()
        with shop.mock(latency=0.05, retry_after=0.2, **FAULTS) as server:
            walls.append(judge(server, db, "--timeout", TIMEOUT_S).finish().wall_s)
        equal.append(equal_leaves(scores(db), undisturbed))
    yield _exactly("faults", "judgments equal to the fault-free ones", equal, CALLS)
    yield Figure(section="faults", name="whole command", unit="s", values=walls)
    yield from _sticky(shop, undisturbed)


def _sticky(shop: Workshop, undisturbed: Scores) -> Iterator[Figure]:
    """Replies that are malformed however often they are asked for."""
    db = shop.fresh()
    malformed = _malformed_leaves(shop.server, db)
    with shop.mock(latency=0.05, sticky=True, pmalformed=STICKY_SHARE) as server:
        finished = judge(server, db).finish(expected=(0, LOW_COVERAGE))
    found = scores(db)
    unscored = {at for at, score in found.items() if at[2] and score is None}
    yield _exactly("faults", "sticky: malformed and unscored", [len(malformed & unscored)], len(malformed))
    yield _exactly("faults", "sticky: unscored without being malformed", [len(unscored - malformed)], 0)
    equal = equal_leaves(found, undisturbed)
    yield _exactly("faults", "sticky: other judgments as without", [equal], CALLS - len(malformed))
    shown = f"{len(malformed)} of {CALLS} scorings could not be had"
    yield _exactly("faults", "sticky: unscored ones said", [shown in finished.output], 1)
    yield _exactly("faults", "sticky: exit code", [finished.code], LOW_COVERAGE)


def _malformed_leaves(server: Path, db: Path) -> set[tuple[str, str, str]]:
    """The leaves whose prompt the server always answers badly, by its own arithmetic."""
    spec = importlib.util.spec_from_file_location("mock_llm_server", server)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {at for at, parts in _prompts(db) if _is_malformed(module.u64, parts)}


def _is_malformed(u64: Callable[..., int], parts: tuple[str, str]) -> bool:
    draw: int = u64("fault", u64("mock", *parts), 0, 0)
    return draw / 2**64 < STICKY_SHARE


def _prompts(db: Path) -> Iterator[tuple[tuple[str, str, str], tuple[str, str]]]:
    """((task id, writer, node), the messages) of every call."""
    rubric = make_judge("rubric", JudgeOptions())
    with Store(db, create=False) as store:
        for task, response in reads.responses(store.db, "writingbench"):
            for question in rubric.questions(task, response):
                prompt = question.prompt
                yield (task.id, response.writer, question.nodes[0]), (prompt.system, prompt.shared + prompt.tail)


def kills(shop: Workshop) -> Iterator[Figure]:
    """SIGKILL at random moments, resumed after each."""
    undisturbed = shop.undisturbed(KILL_WRITERS)
    speed = _calls_per_s(shop)
    lost: list[int] = []
    repeated, equal = 0, []
    rng = random.Random(0)
    while len(lost) < (4 if shop.is_quick else KILLS):
        db = shop.fresh(KILL_WRITERS)
        with shop.mock(latency=KILL_LATENCY_S, dist="lognormal") as server:
            lost += _kill_until_done(server, db, rng, (4 if shop.is_quick else KILLS) - len(lost))
            repeated += server.stats()["repeat_after_ok"]
        equal.append(equal_leaves(scores(db), undisturbed))
    name = f"{KILL_CONNECTIONS} x {KILL_LATENCY_S:g} s"
    yield _exactly("kills", f"{name}: judgments equal to an undisturbed run's", equal, len(_leaves(undisturbed)))
    work = WINDOW_S * speed
    yield Figure(
        section="kills", name=f"{name}: finished calls lost by each of {len(lost)} kills", values=lost,
        target=work, is_for_each=True,
    )  # fmt: skip
    yield Figure(section="kills", name=f"{name}: calls repeated per kill", values=[repeated / len(lost)], target=work)
    yield Figure(section="kills", name=f"{name}: calls a second without kills", values=[speed])
    yield _at_real_speed(shop)


def _kill_until_done(server: MockServer, db: Path, rng: random.Random, most: int) -> list[int]:
    """Finished calls that each kill lost; after the last kill the work is brought to its end."""
    lost: list[int] = []
    while len(lost) < most:
        before = _lost_so_far(server, db)
        command = judge(server, db, connections=KILL_CONNECTIONS)
        if not command.kill_after(rng.uniform(*KILLED_BETWEEN_S)):
            return lost
        lost.append(_lost_so_far(server, db) - before)
    judge(server, db, connections=KILL_CONNECTIONS).finish()
    return lost


def _lost_so_far(server: MockServer, db: Path) -> int:
    """Calls that were answered well and not stored, by all kills: those still missing, and those repeated since."""
    stats = server.stats()
    answered, repeated = int(stats["ok_prompts"]), int(stats["repeat_after_ok"])
    return answered - stored_calls(db)[0] + repeated


def _calls_per_s(shop: Workshop) -> float:
    with shop.mock(latency=KILL_LATENCY_S, dist="lognormal") as server:
        judge(server, shop.fresh(KILL_WRITERS), connections=KILL_CONNECTIONS).finish()
        return float(server.stats()["rps"])


def _at_real_speed(shop: Workshop) -> Figure:
    """Kills where replies take seconds, as those of real judges do."""
    lost: list[int] = []
    db = shop.fresh()
    rng = random.Random(1)
    with shop.mock(latency=REAL_LATENCY_S, dist="lognormal") as server:
        for _ in range(1 if shop.is_quick else REAL_KILLS):
            before = _lost_so_far(server, db)
            judge(server, db).kill_after(rng.uniform(*REAL_KILLED_BETWEEN_S))
            lost.append(_lost_so_far(server, db) - before)
    name = f"64 x {REAL_LATENCY_S:g} s: finished calls lost by each of {len(lost)} kills"
    return _exactly("kills", name, lost, 0)


def _leaves(found: Scores) -> list[tuple[str, str, str]]:
    return [at for at in found if at[2]]


def budget(shop: Workshop) -> Iterator[Figure]:
    """Limits in calls and in money."""
    sent = [_stats_after(shop, "--max-calls", MAX_CALLS)["requests"] for _ in range(shop.repeats)]
    yield Figure(
        section="budget", name=f"--max-calls {MAX_CALLS}: sent", values=sent, target=MAX_CALLS, is_for_each=True
    )
    spent, over = [], []
    prices = shop.folder / "prices.toml"
    prices.write_text(PRICES, encoding="utf-8")
    for _ in range(shop.repeats):
        db = shop.fresh()
        with shop.mock(latency=0.05) as server:
            judge(server, db, "--max-cost", MAX_COST_USD, env={"PENMARK_PRICES": str(prices)}).finish(expected=STOPPED)
        calls, cost_usd = stored_calls(db)
        spent.append(cost_usd)
        over.append((cost_usd - MAX_COST_USD) / (cost_usd / calls))
    yield Figure(section="budget", name=f"--max-cost {MAX_COST_USD}: spent", unit="USD", values=spent)
    yield Figure(
        section="budget", name=f"--max-cost {MAX_COST_USD}: passed by, in calls (64 in flight)", values=over,
        target=64, is_for_each=True,
    )  # fmt: skip


def _stats_after(shop: Workshop, *options: object) -> dict[str, Any]:
    with shop.mock(latency=0.05) as server:
        judge(server, shop.fresh(), *options).finish(expected=STOPPED)
        return server.stats()


def _exactly(section: str, name: str, values: list[int] | list[bool], target: int) -> Figure:
    return Figure(
        section=section, name=name, values=[int(v) for v in values], target=target, kind="exactly", is_for_each=True
    )
