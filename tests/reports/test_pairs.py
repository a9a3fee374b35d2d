"""What comparisons come to, and what the report says about verdicts that are missing, one-sided or apart."""

from __future__ import annotations

import csv
import io
import json

import pytest

from penmark.errors import ConfigError
from penmark.records import Preference, Response, Task
from penmark.reports.pairs import build_pair_report
from penmark.reports.pairs_sheet import as_json, as_sheet, write_csv
from penmark.store import Store

TASKS = [Task(bench="demo", id=str(n), instruction=f"Write {n}") for n in range(6)]
TEXTS = {"ann": "# Long\n\n- one two three four five six", "bob": "short", "cy": "**bold** word", "dee": "d d"}


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "penmark.db") as store:
        store.save_tasks(dict(enumerate(TASKS)))
        store.save_judge("p", {"judge": "imported"})
        yield store


def compared(store, *verdicts):
    """Store (task, first, second, margin)."""
    for n, first, second, margin in verdicts:
        both = [Response(task=TASKS[n].key, writer=w, text=TEXTS.get(w, w)) for w in (first, second)]
        store.save_responses(*both)
        status = "scored" if margin is not None else "unreadable"
        p = Preference(first=both[0].key, second=both[1].key, judge="p", order="ab", margin=margin, status=status)
        store.save_preferences(p, run="r")
    store.flush()


def report(store, **options):
    return build_pair_report(store, "demo", "p", **options)


def test_parts_that_never_met_are_named_and_ranked_apart(store):
    compared(store, *((n, a, b, 1 - 2 * (n % 2)) for n in range(4) for a, b in (("ann", "bob"), ("cy", "dee"))))
    made = report(store)
    assert [w.name for w in made.writers] == ["ann", "bob", "cy", "dee"]
    assert len({w.part for w in made.writers}) == 2
    (note,) = [n for n in made.notes if "never compared" in n]
    assert "ann, bob | cy, dee" in note
    assert "penmark compare demo" in note


def test_pairs_without_a_verdict_are_left_out_of_the_figures_and_counted(store):
    compared(store, (0, "ann", "bob", 2), (1, "ann", "bob", -1), (2, "ann", "bob", None))
    made = report(store)
    assert (made.asked, made.scored, made.ties, made.tasks) == (3, 2, 0, 2)
    assert as_json(made)["coverage"] == pytest.approx(2 / 3)
    assert made.writers[0].win_rate.value == 0.5
    assert any("1 of 3 pairs have no verdict" in note for note in made.notes)


def test_no_verdict_at_all_gives_no_figures_and_no_picture(store):
    compared(store, (0, "ann", "bob", None))
    made = as_json(report(store))
    assert {w["strength"] is None and w["win_rate"] is None for w in made["writers"].values()} == {True}
    sheet = as_sheet(report(store))
    assert sheet.sections[0].svg == ""
    assert "there is no verdict" in sheet.lead[0]


def test_one_task_has_no_intervals_and_says_why(store):
    compared(store, (0, "ann", "bob", 1))
    made = report(store)
    assert made.writers[0].win_rate.low is None
    assert any("two tasks" in note for note in made.notes)
    json.dumps(as_json(made), allow_nan=False)


def test_what_is_held_constant_is_the_difference_by_the_sum(store):
    compared(store, *((n, "ann", "bob", 1 - 2 * (n % 2)) for n in range(6)))
    effects = as_json(report(store, control="style"))["effects"]
    assert effects["length"] is not None
    assert effects["bold"] is None
    assert as_json(report(store, control="none"))["effects"] == {}


def test_only_the_writers_named_are_compared_and_nothing_left_is_refused(store):
    compared(store, (0, "ann", "bob", 1), (0, "ann", "cy", 1))
    assert [w.name for w in report(store, writers=("ann", "bob")).writers] == ["ann", "bob"]
    with pytest.raises(ConfigError, match="penmark compare demo"):
        report(store, writers=("bob", "cy"))


def test_a_name_that_is_a_formula_is_inert_in_the_csv(store):
    compared(store, (0, "=1+1", "bob", 1), (1, "=1+1", "bob", 1))
    stream = io.StringIO()
    write_csv(report(store), stream)
    rows = list(csv.DictReader(io.StringIO(stream.getvalue())))
    assert len(rows) == 4
    assert not any(row["writer"].startswith("=") or row["opponent"].startswith("=") for row in rows)
    assert {row["win_rate"] for row in rows} == {"1", "0"}
