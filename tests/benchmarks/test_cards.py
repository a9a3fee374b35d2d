from collections.abc import Callable
from pathlib import Path

import pytest

from penmark import registry
from penmark.benchmarks.fetch import Source
from penmark.errors import DataError
from penmark.protocols import Benchmark, BenchmarkCard
from penmark.records import Task

NAMES = registry.names("benchmarks")


def test_the_packaged_benchmarks_are_found_and_machinery_is_not():
    assert {"howtobench", "sample", "writingbench"} <= set(NAMES)
    assert not {"fetch", "jsonl", "criteria", "exchange"} & set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_benchmark_has_its_card(name):
    module = registry.load("benchmarks", name)
    card = module.CARD
    assert isinstance(card, BenchmarkCard)
    assert card.id == name
    assert all((card.title, card.description, card.source, card.revision, card.licence))
    assert set(card.languages) <= {"en", "zh"}
    assert card.languages
    assert card.sampling.max_tokens
    assert card.licence in module.__doc__


@pytest.mark.parametrize("name", NAMES)
def test_each_benchmark_says_where_its_files_come_from(name):
    module = registry.load("benchmarks", name)
    assert module.SOURCE is None or isinstance(module.SOURCE, Source)
    if module.SOURCE:
        assert module.SOURCE.revision == module.CARD.revision


@pytest.mark.parametrize("name", NAMES)
def test_each_benchmark_opens_or_says_how_to_fetch_it(name, tmp_path):
    module = registry.load("benchmarks", name)
    if module.SOURCE:
        with pytest.raises(DataError, match=f"penmark bench fetch {name}"):
            module.open(tmp_path)
        return
    bench: Benchmark = module.open(tmp_path)
    assert bench.card is module.CARD
    assert bench.problems() == []
    tasks = list(bench.tasks())
    assert all(isinstance(task, Task) and task.bench == name for task in tasks)
    assert len({task.id for task in tasks}) == len(tasks) > 0


@pytest.mark.parametrize("name", NAMES)
def test_each_benchmark_fits_the_protocol(name, tmp_path):
    module = registry.load("benchmarks", name)
    for file in module.SOURCE.files if module.SOURCE else ():
        (tmp_path / file.path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file.path).write_text("{}\n", encoding="utf-8")
    bench = module.open(Path(tmp_path))
    assert bench.card is module.CARD
    assert isinstance(bench.tasks, Callable)
    if module.SOURCE:
        assert len({problem.path for problem in bench.problems()}) == len(module.SOURCE.files)
        with pytest.raises(DataError):
            bench.tasks()
