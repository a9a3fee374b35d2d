"""Extraction and checks against labels: the figures of docs/requirements.md, held as floors."""

from pathlib import Path

import polars as pl
import pytest
from measured import (
    KINDS,
    Tally,
    atoms,
    found_lengths,
    ifeval_rows,
    length_labels,
    score_checks,
    score_ifeval,
    score_lengths,
    share_with_length,
)

from penmark import requirements
from penmark.benchmarks.sample import Sample
from penmark.errors import DataError
from penmark.records import Check, Requirement
from penmark.requirements.ifeval import KINDS as IFEVAL_KINDS
from penmark.requirements.ifeval import as_checks

DATA = Path(__file__).parents[3] / "shared" / "data"
IFEVAL = DATA / "ifeval" / "val_set.parquet"
needs_ifeval = pytest.mark.skipif(not IFEVAL.exists(), reason=f"{IFEVAL} is not here")
needs_writingbench = pytest.mark.skipif(not (DATA / "writingbench").exists(), reason="WritingBench is not here")
needs_howtobench = pytest.mark.skipif(not (DATA / "howtobench").exists(), reason="HoWToBench is not here")


@pytest.mark.data
@needs_ifeval
def test_what_ifeval_demands_is_found_kind_by_kind_with_its_arguments():
    tallies = score_ifeval(IFEVAL, parity=1)
    assert len(tallies) == 25
    assert sum(tally.given for tally in tallies.values()) > 350
    for kind, tally in tallies.items():
        assert tally.precision_as_read >= 0.97, (kind, tally.misses)
        assert tally.recall >= 0.85, (kind, tally.misses)
        assert tally.exactness >= 0.95, (kind, tally.misses)


@pytest.mark.data
@needs_ifeval
def test_every_demand_that_ifeval_does_not_list_has_been_looked_up_in_its_prompt():
    total = Tally()
    for tally in score_ifeval(IFEVAL, parity=1).values():
        total.add(tally)
    assert total.unread == 0
    assert total.precision >= 0.95


@pytest.mark.data
@needs_ifeval
def test_every_instruction_of_ifeval_can_be_checked():
    seen = set()
    for row in ifeval_rows(IFEVAL, None):
        for kind, arguments in zip(row["instruction_id_list"], row["kwargs"], strict=True):
            seen.add(kind)
            for check in as_checks(kind, arguments):
                finding = requirements.check(Requirement(kind="format", check=check), "Some text, 1.\n\nMore of it.")
                assert finding.explanation
    assert seen == set(IFEVAL_KINDS)
    assert len(seen) == 25


def test_an_unknown_instruction_and_a_missing_argument_are_refused():
    with pytest.raises(DataError, match="no instruction kind"):
        as_checks("poetry:rhyme", {})
    with pytest.raises(DataError, match="lacks the argument 'num_words'"):
        as_checks("length_constraints:number_words", {"relation": "at least", "num_words": None})


@pytest.mark.data
@needs_writingbench
def test_lengths_are_read_as_they_were_labelled():
    for language, tally in score_lengths(DATA / "writingbench").items():
        assert tally.given >= 50
        assert tally.precision >= 0.97, (language, tally.misses)
        assert tally.recall >= 0.9, (language, tally.misses)


@pytest.mark.data
@needs_writingbench
def test_most_queries_that_carry_a_length_give_one():
    for language, (has, total) in share_with_length(DATA / "writingbench").items():
        assert has / total >= 0.9, language


@pytest.mark.data
@needs_howtobench
def test_checks_say_what_a_reader_said():
    tally = score_checks(DATA / "howtobench")
    assert tally.given >= 120
    assert tally.right / tally.given >= 0.97, tally.misses


def test_the_labels_cover_100_queries_in_two_languages():
    labels = length_labels()
    assert len({label["index"] for label in labels}) == 100
    assert {label["language"] for label in labels} == {"zh", "en"}


def test_a_wrong_number_counts_against_precision_and_a_missing_one_against_recall(tmp_path):
    query = "Write about 300 words. Each paragraph should have 40 words."
    assert found_lengths(query) == [
        ("total", ("words", "about", 300, 300)),
        ("part", ("words", "about", 40, 40)),
    ]
    row = {
        "key": 1,
        "prompt": "Write at least 300 words without any commas.",
        "instruction_id_list": ["length_constraints:number_words", "startend:quotation"],
        "kwargs": [{"num_words": 200, "relation": "at least"}, {"num_words": None, "relation": None}],
    }
    pl.DataFrame([row]).write_parquet(tmp_path / "one.parquet")
    tallies = score_ifeval(tmp_path / "one.parquet", parity=1)
    assert tallies["no_comma"].unread == 1
    assert {kind: (t.given, t.found, t.right, t.exact) for kind, t in tallies.items()} == {
        "no_comma": (0, 1, 0, 0), "number_words": (1, 1, 1, 0), "quotation": (1, 0, 0, 0),
    }  # fmt: skip
    assert score_ifeval(tmp_path / "one.parquet", parity=0) == {}


def test_demands_of_one_kind_about_the_same_thing_are_one():
    bounds = atoms([Check("sentences", {"least": 5}), Check("sentences", {"most": 6})])
    words = atoms([Check("includes", {"words": ["b"]}), Check("includes", {"words": ["a"]})])
    assert bounds == {("number_sentences", ""): {"least": 5, "most": 6}}
    assert words == {("existence", ""): {"words": ["a", "b"]}}
    assert len(set(KINDS.values())) >= 23


def test_the_references_of_the_sample_meet_what_is_read_from_their_instructions():
    missed, met = [], 0
    for task in Sample().tasks():
        for requirement in (r for r in requirements.extract(task.instruction) if r.check):
            finding = requirements.check(requirement, task.reference)
            met += finding.is_met
            missed += [] if finding.is_met else [(task.id, requirement.check, finding.explanation)]
    assert missed == []
    assert met >= 40
