"""Benchmarks, models and judges from the names that users give them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from penmark import registry
from penmark.errors import ConfigError
from penmark.evaluate.stored import StoredBenchmark
from penmark.folders import data_folder
from penmark.protocols import Benchmark, Judge, JudgeOptions, Model, ModelOptions
from penmark.store import Store, reads

SHORT_JUDGES = {"reward": "reward-model"}  # as in `reward:DIR`


def open_benchmark(name: str, data: Path | None = None, store: Store | None = None) -> Benchmark:
    """The benchmark of this name; one that penmark does not know by name, as the store has it.

    Raises:
        ConfigError: when there is none.
        DataError: when its files are not there.
    """
    if store is not None and name in reads.benches(store.db) and name not in registry.names("benchmarks"):
        return StoredBenchmark(store, name)
    benchmark: Benchmark = registry.load("benchmarks", name).open(data or data_folder())
    return benchmark


def check_own_name(bench: str) -> None:
    """Make sure that a benchmark of the user's own can have this name.

    Raises:
        ConfigError: when penmark knows another by it.
    """
    if bench in registry.names("benchmarks"):
        raise ConfigError(f"{bench!r} is a benchmark of penmark's own; give yours another name with --bench")


def make_model(name: str, options: ModelOptions) -> Model:
    """The model called `provider/name`.

    Raises:
        ConfigError: when there is no such provider, or it is not installed.
    """
    provider, _, rest = name.partition("/")
    model: Model = registry.load("models", provider).create(rest, options)
    return model


def make_judge(name: str, options: JudgeOptions) -> Judge:
    """The judge of this name; `NAME:DIR` is the judge NAME with the checkpoint DIR, `reward:DIR` a reward model.

    Raises:
        ConfigError: when there is none, it takes no checkpoint, or it compares responses instead of scoring them.
    """
    judge = _named(name, options)
    if not options.blind:
        return judge
    from penmark.judges._blind import blind  # With all the rules for requirements, which take 0.1 s to load.

    return blind(judge)


def _named(name: str, options: JudgeOptions) -> Judge:
    kind, colon, folder = name.partition(":")
    if not colon:
        return _created(kind, options)
    if not folder or options.checkpoint is not None:
        raise ConfigError(f"judge {name!r}: the checkpoint is given as {kind}:DIR or with --checkpoint DIR, once")
    judge = _created(SHORT_JUDGES.get(kind, kind), replace(options, checkpoint=Path(folder).expanduser()))
    if not hasattr(judge, "checkpoint"):
        raise ConfigError(
            f"judge {kind!r} takes no checkpoint, found {name!r}; judges that do: see `penmark judges list`"
        )
    return judge


def _created(name: str, options: JudgeOptions) -> Judge:
    module = registry.load("judges", name)
    if module.CARD.compares:
        raise ConfigError(
            f"judge {name!r} compares two responses and scores none; use `penmark compare BENCH --judge {name}`"
        )
    judge: Judge = module.create(options)
    return judge
