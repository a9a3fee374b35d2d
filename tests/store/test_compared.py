"""Verdicts on pairs as they count: settled from both orders, or read from scores."""

import pytest

from penmark.records import Judgment, Preference, Response, Task
from penmark.store import Store
from penmark.store.compared import Compared, comparisons_of, settle

TASKS = [Task(bench="demo", id=str(i), instruction=f"Write {i}") for i in range(2)]
WRITERS = ("ann", "bob", "cy")


def response(writer, task=0):
    return Response(task=TASKS[task].key, writer=writer, text=f"{task} by {writer}")


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "penmark.db") as store:
        store.save_tasks(dict(enumerate(TASKS)))
        store.save_responses(*(response(w, t) for w in WRITERS for t in range(2)))
        store.save_judge("model", {"judge": "pairwise", "orders": "both"})
        store.save_judge("human", {"judge": "imported"})
        store.save_judge("points", {"judge": "length"})
        yield store


def save(store, first, second, margin, order="ab", *, judge="model", status=None, **changes):
    status = status or ("scored" if margin is not None else "unreadable")
    p = Preference(
        first=response(first).key, second=response(second).key, judge=judge, order=order, margin=margin,
        status=status, **changes,
    )  # fmt: skip
    store.save_preferences(p, run="r")
    store.flush()


def score(store, writer, points, *, task=0, repeat=0, node="", judge="points"):
    status = "scored" if points is not None else "unreadable"
    j = Judgment(
        response=response(writer, task).key, judge=judge, node=node, score=points, status=status, repeat=repeat
    )
    store.save_judgments(j, run="r")
    store.flush()


def counted(store, judge="model"):
    return {(c.task, c.first, c.second, c.repeat): (c.margin, c.state) for c in comparisons_of(store.db, "demo", judge)}


@pytest.mark.parametrize(
    ("shown", "orders", "expected"),
    [
        ((2, 1), 2, (1, "agreed")),
        ((-2, -2), 2, (-2, "agreed")),
        ((0, 0), 2, (0, "agreed")),
        ((1, -1), 2, (0, "contradicted")),
        ((2, 0), 2, (0, "contradicted")),
        ((0, -1), 2, (0, "contradicted")),
        ((1, None), 2, (None, "unscored")),
        ((None, None), 1, (None, "unscored")),
        ((None, -2), 1, (-2, "single")),
        ((0, None), 1, (0, "single")),
    ],
)
def test_two_orders_settle_into_one_verdict(shown, orders, expected):
    assert settle(shown, orders=orders) == expected
    turned = [None if m is None else -m for m in shown]
    assert settle(turned, orders=orders) == (None if expected[0] is None else -expected[0], expected[1])


def test_whichever_writer_was_saved_first_the_lesser_name_is_first_in_what_counts(store):
    save(store, "bob", "ann", 1, "ab")
    save(store, "ann", "bob", -2, "ab")
    (found,) = comparisons_of(store.db, "demo", "model")
    assert found == Compared(
        task="0", first="ann", second="bob", keys=(response("ann").key, response("bob").key), margin=-1,
        state="agreed", shown=(-2, -1),
    )  # fmt: skip


def test_a_model_that_gave_one_of_two_verdicts_gave_none_and_a_person_gives_one(store):
    save(store, "ann", "bob", 1)
    save(store, "ann", "cy", 1)
    save(store, "ann", "cy", None, "ba")
    assert set(counted(store).values()) == {(None, "unscored")}
    save(store, "ann", "bob", 1, judge="human")
    save(store, "ann", "bob", -2, judge="human", repeat=1)
    assert counted(store, "human") == {
        ("0", "ann", "bob", 0): (1, "single"), ("0", "ann", "bob", 1): (-2, "single"),
    }  # fmt: skip


def test_what_an_empty_response_lost_was_not_asked(store):
    save(store, "ann", "bob", 2, status="empty")
    save(store, "ann", "bob", 2, "ba", status="empty")
    (found,) = comparisons_of(store.db, "demo", "model")
    assert (found.margin, found.is_asked) == (2, False)


def test_scores_are_read_as_preferences_by_their_mean_over_repeats(store):
    score(store, "ann", 5)
    score(store, "ann", 8, repeat=1)
    score(store, "bob", 6.5)
    score(store, "cy", 9)
    score(store, "cy", 1, node="leaf")
    score(store, "ann", 3, task=1)
    score(store, "bob", None, task=1)
    assert counted(store, "points") == {
        ("0", "ann", "bob", 0): (0, "single"),
        ("0", "ann", "cy", 0): (-1, "single"),
        ("0", "bob", "cy", 0): (-1, "single"),
        ("1", "ann", "bob", 0): (None, "unscored"),
    }
    assert counted(store, "nobody") == {}


def test_equal_means_that_rounding_sets_apart_are_a_tie(store):
    for repeat, (ann, bob) in enumerate(zip((0.1, 0.2, 0.3), (0.3, 0.2, 0.1), strict=True)):
        score(store, "ann", ann, repeat=repeat)
        score(store, "bob", bob, repeat=repeat)
    assert (0.1 + 0.2 + 0.3) / 3 != (0.3 + 0.2 + 0.1) / 3
    assert counted(store, "points") == {("0", "ann", "bob", 0): (0, "single")}
