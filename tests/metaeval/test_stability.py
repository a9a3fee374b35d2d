"""Stability of judges that scored the same things several times, from the store."""

import json

import pytest
from rated_example import BENCH, judged, keys, preferred, rated

from penmark.errors import ConfigError
from penmark.metaeval.stability import as_json, stability
from penmark.protocols import Call, Reply
from penmark.records import Judgment, Plan, PlanRecord
from penmark.store import Store, reads

PLACES = [(t, w) for t in "12" for w in "ab"]


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "penmark.db") as made:
        rated(made, {t: {"a": 1, "b": 2} for t in "12"})
        yield made


def found(store, *judges):
    return as_json(BENCH, stability(store, BENCH, judges))["judges"]


def test_a_case_counted_by_hand(store):
    judged(store, "j", {("1", "a"): [5, 7], ("1", "b"): [6, 6], ("2", "a"): [3, 3, 3], ("2", "b"): [4, None, 4]})
    j = found(store)["j"]
    # Squared distances 2 of 1 degree, then none of 1, 2 and 1 degrees.
    assert j["std"]["value"] == pytest.approx((2 / 5) ** 0.5)
    assert (j["rounds"], j["responses"], j["identical"]["value"]) == (3, 4, 3 / 4)
    # Task 1 reversed in its one pair of rounds, task 2 the same in its one.
    assert j["flip_rate"] | {"ci95": 0} == {"value": 1 / 2, "ci95": 0, "n": 2}
    assert j["flip_rate"]["ci95"] == [0, 1]
    assert j["change_rate"]["value"] == 1 / 2
    assert j["delta"] is None


def test_a_judge_that_always_says_the_same_is_stable(store):
    judged(store, "j", {key: [4, 4] for key in PLACES} | {("1", "a"): [9, 9]})
    j = found(store)["j"]
    assert (j["std"]["value"], j["identical"]["value"], j["flip_rate"]["value"]) == (0, 1, 0)
    assert j["reliability"] == pytest.approx(1)


def test_weights_planned_anew_are_negotiated(store):
    judged(store, "tow", {key: [4, 5] for key in PLACES})
    tasks = [task.key for task, _ in reads.tasks(store.db, BENCH)]
    shares = {0: [(0.5, 0.5), (0.7, 0.3)], 1: [(0.2, 0.8), (0.2, 0.8)]}
    for t, plans in shares.items():
        for repeat, (x, y) in enumerate(plans):
            plan = Plan(weights={"content/logic": x, "content/emotion": y})
            store.save_plan(PlanRecord(judge="tow", task=tasks[t], repeat=repeat, plan=plan, status="scored"), run="r")
    store.flush()
    tow = found(store)["tow"]
    assert tow["negotiated"] == "planned weights"
    assert tow["delta"]["value"] == pytest.approx((0.2 + 0) / 2)
    assert tow["sigma"]["value"] == pytest.approx((2**0.5 * 0.1) / 2)
    assert tow["delta"]["n"] == 2


def reply(*dimensions):
    rows = [{"name": n, "weight": w, "score": s, "reason": "so"} for n, w, s in dimensions]
    return json.dumps({"dimensions": rows})


def test_shares_of_dimensions_picked_anew_are_negotiated(store):
    judged(store, "auto", {("1", "a"): [5, 5]}, judge="auto-plan")
    replies = [reply(("Plot", 0.5, 4), ("Style", 0.25, 4), ("Mood", 0.25, 4)),
               reply(("plot", 0.5, 4), ("Style", 0.25, 4), ("Form", 0.25, 4))]  # fmt: skip
    for repeat, text in enumerate(replies):
        call = Call(key=f"c{repeat}", model="m", reply=Reply(text=text), cost_usd=0.0, is_new=True)
        leaf = Judgment(
            response=keys(store)["1", "a"], judge="auto", node="overall", score=4, status="scored", repeat=repeat,
            call=call.key,
        )  # fmt: skip
        store.save_call(call, run="r", judgments=(leaf,))
    store.flush()
    auto = found(store)["auto"]
    assert auto["negotiated"] == "shares of the total"
    # Mood gives its quarter to Form; the names of the others differ in case only.
    assert auto["delta"]["value"] == pytest.approx((0 + 0 + 0.25 + 0.25) / 4)


def test_without_repeats_the_command_says_how_to_get_them(store):
    judged(store, "once", dict.fromkeys(PLACES, 4))
    with pytest.raises(ConfigError, match="more than once; run `penmark judge rated --repeats 5`"):
        stability(store, BENCH)
    judged(store, "twice", {key: [4, 5] for key in PLACES})
    assert [s.judge for s in stability(store, BENCH)] == ["twice"]
    with pytest.raises(ConfigError, match="once has scored"):
        stability(store, BENCH, ["once", "twice"])
    with pytest.raises(ConfigError, match="no scores by nobody"):
        stability(store, BENCH, ["nobody"])


def test_a_judge_that_compares_is_sent_to_its_two_orders(store):
    preferred(store, "pairs", [("1", "a", "b", "ab", 1)])
    with pytest.raises(ConfigError, match=r"scored none; .* `penmark meta order --bench rated --judge pairs`"):
        stability(store, BENCH, ["pairs"])
    with pytest.raises(ConfigError, match="no scores by nobody on rated"):
        stability(store, BENCH, ["nobody"])
