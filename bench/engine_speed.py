"""How fast and how lean judging is: throughput, memory, processes that share a store, a capped server, layouts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine_figures import Figure
from engine_run import Command, Finished, judge
from engine_setup import (
    CALLS,
    CRITERIA,
    EMBEDDED_RESPONSE_CHARS,
    MEAN_PROMPT_CHARS,
    Workshop,
    equal_leaves,
    scores,
    tokens_a_call,
)

CPU_MS_A_CALL = 1.5
OVER_LIMIT_S = 2.2
THROUGHPUT = ((64, 0.05, 1.4), (64, 1.0, 1.15), (256, 1.0, 1.5))  # connections, latency, most x the limit
MOST_MB = 250
CAP_PER_S = 50
SETTLED_AFTER_S = 5.0


@dataclass(frozen=True)
class Measured:
    """One run of the command and what the server saw of it."""

    command: Finished
    stats: dict[str, Any]


def throughput(shop: Workshop) -> Iterator[Figure]:
    """First request to last reply against the limit, CPU a call, and the whole command."""
    for connections, latency_s, most in THROUGHPUT:
        limit_s = CALLS * latency_s / connections
        runs = _judged(shop, connections, latency_s)
        at = f"{connections} x {latency_s:g} s"
        if connections == 64 and latency_s < 1:
            chars = [run.stats["prompt_chars"] / CALLS for run in runs]
            yield Figure(section="throughput", name=f"prompt (about {MEAN_PROMPT_CHARS:,})", unit="chars", values=chars)
        span = [run.stats["span_s"] for run in runs]
        yield Figure(section="throughput", name=f"{at}: first request to last reply", unit="s", values=span)
        ratios = [s / limit_s for s in span]
        yield Figure(section="throughput", name=f"{at}: the same / limit {limit_s:.3g} s", values=ratios, target=most)
        cpu = [1000 * run.command.cpu_s / CALLS for run in runs]
        yield Figure(section="throughput", name=f"{at}: CPU", unit="ms a call", values=cpu, target=CPU_MS_A_CALL)
        over = [run.command.wall_s - limit_s for run in runs]
        target = OVER_LIMIT_S if latency_s < 1 else None
        yield Figure(section="throughput", name=f"{at}: whole command - limit", unit="s", values=over, target=target)


def _judged(shop: Workshop, connections: int, latency_s: float) -> list[Measured]:
    runs = []
    with shop.mock(latency=latency_s) as server:
        for _ in range(shop.repeats):
            db = shop.fresh()
            server.reset()
            finished = judge(server, db, connections=connections).finish()
            runs.append(Measured(finished, server.stats()))
    return runs


def memory(shop: Workshop) -> Iterator[Figure]:
    """Peak memory at 1,000 and at 100,000 calls."""
    writers = 10 if shop.is_quick else 100
    with shop.mock(latency=0) as server:
        small = [judge(server, shop.fresh()).finish() for _ in range(shop.repeats)]
        db = shop.fresh(writers)
        server.reset()
        large = judge(server, db).finish()
        sent = server.stats()["requests"]
    calls = writers * CALLS
    yield Figure(section="memory", name=f"peak at {CALLS:,} calls", unit="MB", values=[run.rss_mb for run in small])
    yield Figure(section="memory", name=f"peak at {calls:,} calls", unit="MB", values=[large.rss_mb], target=MOST_MB)
    ratios = [large.rss_mb / run.rss_mb for run in small]
    yield Figure(section="memory", name=f"peak at {calls:,} / at {CALLS:,}", values=ratios, target=1.3)
    yield Figure(section="memory", name=f"calls sent of {calls:,}", values=[sent], target=calls, kind="exactly")
    yield Figure(section="memory", name=f"{calls:,} calls", unit="s", values=[large.wall_s])
    yield Figure(section="memory", name=f"{calls:,} calls: CPU", unit="ms a call", values=[1000 * large.cpu_s / calls])


def processes(shop: Workshop) -> Iterator[Figure]:
    """One, two and four processes with the same connections together."""
    undisturbed = shop.undisturbed()
    for latency_s in (0.2, 0.05):
        alone: list[float] = []
        with shop.mock(latency=latency_s) as server:
            for number in (1, 2, 4):
                runs = []
                for _ in range(shop.repeats):
                    db = shop.fresh()
                    server.reset()
                    wall_s = _walls_s([judge(server, db, connections=64 // number) for _ in range(number)])
                    runs.append((wall_s, server.stats(), equal_leaves(scores(db), undisturbed)))
                alone = alone or [wall_s for wall_s, *_ in runs]
                yield from _shared(f"{number} x {64 // number} at {latency_s * 1000:.0f} ms", runs, alone)


def _walls_s(commands: list[Command]) -> float:
    started = time.perf_counter()
    for command in commands:
        command.finish()
    return time.perf_counter() - started


def _shared(name: str, runs: list[tuple[float, dict[str, Any], int]], alone: list[float]) -> Iterator[Figure]:
    walls = [wall_s for wall_s, *_ in runs]
    usual = sorted(alone)[len(alone) // 2]
    yield Figure(section="processes", name=f"{name}: wall", unit="s", values=walls)
    if walls != alone:
        values = [wall_s / usual for wall_s in walls]
        yield Figure(section="processes", name=f"{name}: wall / that of one process", values=values, target=1.2)
    exact = {
        "requests": ([stats["requests"] for _, stats, _ in runs], CALLS),
        "calls paid twice": ([stats["repeat_after_ok"] for _, stats, _ in runs], 0),
        "judgments as by one process": ([equal for *_, equal in runs], CALLS),
    }
    for what, (values, target) in exact.items():
        yield Figure(
            section="processes", name=f"{name}: {what}", values=values, target=target, kind="exactly", is_for_each=True
        )


def cap(shop: Workshop) -> Iterator[Figure]:
    """A server that lets 50 requests a second through."""
    used, refused = [], []
    for number in range(shop.repeats):
        log = shop.folder / f"cap-{number}.jsonl"
        with shop.mock(latency=0.05, rps=CAP_PER_S, retry_after=1, log=str(log)) as server:
            judge(server, shop.fresh()).finish()
        share_used, share_refused = _shares(log)
        used.append(share_used)
        refused.append(share_refused)
    yield Figure(
        section="cap", name=f"of {CAP_PER_S}/s used after {SETTLED_AFTER_S:g} s", values=used, target=0.9, kind="least"
    )
    yield Figure(section="cap", name="requests answered 429", values=refused, target=0.05)


def _shares(log: Path) -> tuple[float, float]:
    """(share of the cap used once settled, share of all requests refused), from the server's log."""
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    began = min(row["t"] for row in rows) + SETTLED_AFTER_S
    accepted = [row["t"] for row in rows if row["fault"] != "p429"]
    settled = sum(1 for t in accepted if t >= began)
    return settled / (CAP_PER_S * (max(accepted) - began)), 1 - len(accepted) / len(rows)


def embedded(shop: Workshop) -> Iterator[Figure]:
    """The embedded model with the shared prefix first, and in the papers' order; once, as it takes minutes."""
    for chars in EMBEDDED_RESPONSE_CHARS[:1] if shop.is_quick else EMBEDDED_RESPONSE_CHARS:
        yield from _embedded_ratio(shop, chars)


def _embedded_ratio(shop: Workshop, response_chars: int) -> Iterator[Figure]:
    walls = {}
    for layout in ("shared", "upstream"):
        db = shop.fresh_embedded(response_chars)
        walls[layout] = _embedded_s(db, layout)
        prompt, reply = tokens_a_call(db)
        name = f"4 queries x {CRITERIA} criteria, prompts of {prompt:,.0f} tokens, {layout}"
        yield Figure(section="embedded", name=name, unit="s", values=[walls[layout]])
        yield Figure(section="embedded", name=f"{layout}: mean reply", unit="tokens", values=[reply])
    ratio = walls["upstream"] / walls["shared"]
    name = f"prompts of {prompt:,.0f} tokens: upstream / shared"
    yield Figure(section="embedded", name=name, values=[ratio], target=3.0, kind="least")


def _embedded_s(db: Path, layout: str) -> float:
    options = ("--judge", "rubric", "--judge-model", "embedded", "--layout", layout, "--db", db)
    return Command("judge", "writingbench", *options).finish(expected=(0, 3)).wall_s
