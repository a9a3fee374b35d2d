"""A report's figures, against sums written from their definition."""

import random
import re
from collections import defaultdict
from itertools import pairwise
from json import dumps, loads
from pathlib import Path
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penmark.benchmarks import writingbench
from penmark.errors import ConfigError
from penmark.records import Criterion, Judgment, Requirement, Response, Rubric, Task
from penmark.reports.render_json import as_json
from penmark.reports.summary import ReportOptions, build_report, choose
from penmark.store import Store

DATA = Path(__file__).parents[3] / "shared" / "data" / "writingbench"
LENGTH_SUBSET = DATA / "benchmark_query" / "requirement" / "length" / "length_subset.jsonl"

JUDGE = {"id": "rubric", "aggregate": "scorings", "unit": "points", "model": "openai/x"}


def make_task(number, *, domain=("Education", "Essay"), about=(), requires=(), words=5, criteria=("a", "b")):
    return Task(
        bench="demo",
        id=str(number),
        instruction=f"{number} " + "word " * words,
        requirements=tuple(Requirement(kind=kind) for kind in requires),
        rubric=Rubric.flat(
            tuple(Criterion(name=n, description=n, about=tuple(about) if n == "a" else ()) for n in criteria)
        ),
        tags={"domain1": domain[0], "domain2": domain[1], "language": "zh" if number % 2 else "en"},
    )


class Bench:
    """A store being filled with tasks, texts and scores by hand."""

    def __init__(self, path, judge=JUDGE):
        self.store = Store(path / "penmark.db")
        self.store.save_judge("J", judge)
        self.tasks = 0

    def task(self, task):
        self.store.save_tasks({self.tasks: task})
        self.tasks += 1
        return task

    def scores(self, task, writer, text, rounds, judge="J"):
        """Each round maps nodes to scores; "" is the root."""
        response = Response(task=task.key, writer=writer, text=text, status="absent" if text is None else "written")
        self.store.save_responses(response)
        for repeat, scores in enumerate(rounds):
            for node, score in scores.items():
                status = "unreadable" if score is None else "scored"
                judgment = Judgment(
                    response=response.key, judge=judge, node=node, score=score, status=status, repeat=repeat
                )
                self.store.save_judgments(judgment, run="r")

    def report(self, **options):
        self.store.flush()
        return build_report(self.store, "demo", "J", ReportOptions(**options))


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.store.close()


@pytest.fixture
def small(bench):
    """Two writers, three tasks in two domains, repeats, a query that one writer has not, and an unreadable leaf."""
    t1 = bench.task(make_task(1, requires=["style"], about=["style"]))
    t2 = bench.task(make_task(2, domain=("Education", "Lesson"), words=2000))
    t3 = bench.task(make_task(3, domain=("Finance", "Report"), requires=["style", "length"], about=["style", "length"]))
    bench.scores(t1, "ann", "x", [{"a": 8, "b": 6, "": 7.0}, {"a": 4, "b": 10, "": 7.0}])
    bench.scores(t2, "ann", "word " * 3000, [{"a": 2, "b": 4, "": 3.0}])
    bench.scores(t3, "ann", "x", [{"a": 9, "b": None, "": None}, {"a": 5, "b": 7, "": 6.0}])
    bench.scores(t1, "bob", "x y z", [{"a": 3, "b": 5, "": 4.0}])
    bench.scores(t2, "bob", "x", [{"a": 1, "b": 1, "": 1.0}])
    return bench


def named(report, name):
    return next(w for w in report.writers if w.name == name)


def test_overall_is_the_mean_over_scorings_and_domains_are_means_of_query_scores(small):
    ann = named(small.report(), "ann")
    assert ann.overall.mean == pytest.approx((8 + 6 + 4 + 10 + 2 + 4 + 5 + 7) / 8, abs=1e-12)
    queries = {1: (8 + 6 + 4 + 10) / 4, 2: (2 + 4) / 2, 3: (5 + 7) / 2}
    assert ann.tags["domain1"]["Education"].mean == pytest.approx((queries[1] + queries[2]) / 2, abs=1e-12)
    assert ann.tags["domain1"]["Finance"].mean == pytest.approx(queries[3], abs=1e-12)
    assert {name: f.mean for name, f in ann.tags["domain2"].items()} == {"Essay": 7, "Lesson": 3, "Report": 6}
    assert ann.tags["language"]["zh"].mean == pytest.approx((queries[1] + queries[3]) / 2)
    assert (ann.overall.count, ann.tags["domain1"]["Education"].count, ann.tags["language"]["en"].count) == (3, 2, 1)


def test_requirement_r_is_over_queries_and_c_over_the_pairs_of_query_and_criterion(small):
    ann, bob = named(small.report(), "ann"), named(small.report(), "bob")
    assert ann.requirement["style"]["R"].mean == pytest.approx((7 + 6) / 2)
    assert ann.requirement["style"]["C"].mean == pytest.approx(((8 + 4) / 2 + 5) / 2)
    assert ann.requirement["length"]["R"].mean == pytest.approx(6)
    assert ann.requirement["length"]["C"].mean == pytest.approx(5)
    assert bob.requirement["style"]["C"].mean == pytest.approx(3)
    assert bob.requirement["length"]["R"].mean is None
    assert ann.requirement["format"]["R"].mean is None
    assert "content" not in ann.requirement


def test_partial_counts_the_scored_leaves_of_an_incomplete_round_and_says_so(small):
    strict, partial = small.report(), small.report(partial=True)
    assert named(strict, "ann").tags["domain1"]["Finance"].mean == pytest.approx((5 + 7) / 2)
    assert named(partial, "ann").tags["domain1"]["Finance"].mean == pytest.approx((9 + 5 + 7) / 3)
    assert named(partial, "ann").requirement["length"]["C"].mean == pytest.approx((9 + 5) / 2)
    assert partial.partial
    assert not strict.partial
    assert any("Partial" in note for note in partial.notes)
    assert not any("Partial" in note for note in strict.notes)


def test_a_judge_that_is_partial_by_itself_needs_no_option(tmp_path):
    bench = Bench(tmp_path, {**JUDGE, "partial": True})
    bench.scores(bench.task(make_task(1)), "ann", "x", [{"a": 9, "b": None, "": None}])
    report = bench.report()
    bench.store.close()
    assert report.partial
    assert report.writers[0].overall.mean == 9


def test_leaves_of_a_round_without_a_root_row_count(bench):
    bench.scores(bench.task(make_task(1)), "ann", "x", [{"a": 9, "b": None}])
    assert bench.report().writers[0].overall.mean == 9


def test_coverage_is_scored_over_asked_and_the_missing_ones_are_named(small):
    report = small.report()
    ann, bob = named(report, "ann"), named(report, "bob")
    assert (ann.overall.asked, ann.overall.scored) == (10, 9)
    assert ann.overall.coverage == pytest.approx(0.9)
    assert ann.tags["domain1"]["Education"].coverage == 1
    assert (ann.tags["domain1"]["Finance"].asked, ann.tags["domain1"]["Finance"].scored) == (4, 3)
    assert (ann.requirement["length"]["C"].asked, ann.requirement["length"]["C"].scored) == (2, 2)
    assert bob.overall.coverage == 1
    assert any("1 of 14 scorings" in note and "ann 1" in note for note in report.notes)


def test_scorings_beside_an_unscored_one_are_said_to_be_in_no_mean_unless_partial(small):
    (note,) = [note for note in small.report().notes if "in no mean either" in note]
    assert "(scorings 1, responses 1)" in note
    assert "--partial" in note
    assert not any("in no mean either" in note for note in small.report(partial=True).notes)
    assert not any("in no mean either" in note for note in small.report(writers=["bob"]).notes)


def test_lengths_average_responses_by_the_tokens_of_task_and_text(small):
    ann = named(small.report(), "ann")
    assert [f.mean for f in ann.length_in.values()] == [pytest.approx((7 + 6) / 2), pytest.approx(3), None, None]
    assert [f.mean for f in ann.length_out.values()] == [pytest.approx((7 + 6) / 2), None, pytest.approx(3), None]
    assert ann.mean_words == pytest.approx((1 + 3000 + 1) / 3)


@pytest.mark.parametrize(("tokens", "bucket"), [(999, "<1K"), (1000, "1K-3K"), (2999, "1K-3K"), (3000, "3K-5K")])
def test_a_length_on_the_edge_belongs_to_the_longer_bucket(bench, tokens, bucket):
    bench.scores(bench.task(make_task(1)), "ann", "字" * tokens, [{"a": 4, "b": 4, "": 4.0}])
    assert [name for name, f in bench.report().writers[0].length_out.items() if f.mean is not None] == [bucket]


def test_a_response_known_only_by_its_scores_has_no_length(bench):
    bench.scores(bench.task(make_task(1)), "ann", None, [{"a": 4, "b": 4}])
    ann = bench.report().writers[0]
    assert ann.overall.mean == 4
    assert ann.mean_words is None
    assert all(f.mean is None and f.asked == 0 for f in ann.length_out.values())


def test_two_responses_to_one_task_are_one_query_and_two_responses(bench):
    task = bench.task(make_task(1))
    bench.scores(task, "ann", "x", [{"a": 2, "b": 2, "": 2.0}, {"a": 4, "b": 4, "": 4.0}])
    bench.scores(task, "ann", "y", [{"a": 9, "b": 9, "": 9.0}])
    ann = bench.report().writers[0]
    assert ann.overall.mean == ann.tags["domain1"]["Education"].mean == pytest.approx((2 + 2 + 4 + 4 + 9 + 9) / 6)
    assert ann.length_out["<1K"].mean == pytest.approx((3 + 9) / 2)
    assert ann.length_out["<1K"].count == 1


def test_the_difference_is_paired_over_common_queries_with_the_better_writer_first(small):
    (difference,) = small.report().differences
    assert (difference.first, difference.second, difference.count) == ("ann", "bob", 2)
    assert difference.mean == pytest.approx(((7 - 4) + (3 - 1)) / 2)
    assert 2 <= difference.low <= difference.mean <= difference.high <= 3


def test_many_writers_are_compared_with_the_best_only(bench):
    task = bench.task(make_task(1))
    for w in range(13):
        bench.scores(task, f"w{w:02}", "x", [{"a": w % 10, "b": 1, "": 1.0}])
    report = bench.report()
    assert [d.second for d in report.differences] == [w.name for w in report.writers[1:]]
    assert {d.first for d in report.differences} == {"w09"}


def test_writers_are_sorted_best_first_and_those_without_a_mean_last(bench):
    task = bench.task(make_task(1))
    bench.scores(task, "aaa", "x", [{"a": None, "b": None, "": None}])
    bench.scores(task, "low", "x", [{"a": 2, "b": 2, "": 2.0}])
    bench.scores(task, "top", "x", [{"a": 9, "b": 9, "": 9.0}])
    report = bench.report()
    assert [w.name for w in report.writers] == ["top", "low", "aaa"]
    assert report.writers[-1].overall.mean is None
    assert report.writers[-1].overall.coverage == 0


def test_only_the_writers_asked_for_are_shown_with_unchanged_intervals(small):
    only = small.report(writers=["bob"])
    assert [w.name for w in only.writers] == ["bob"]
    assert only.writers[0] == named(small.report(), "bob")
    with pytest.raises(ConfigError, match=r"'eve', only of: ann, bob; run `penmark judge demo"):
        small.report(writers=["eve"])


def test_a_query_in_two_versions_is_told_of(bench):
    for words in (5, 6):
        bench.scores(bench.task(make_task(1, words=words)), "ann", "x", [{"a": 9, "b": 8, "": 8.5}])
    bench.scores(bench.task(make_task(2)), "ann", "x", [{"a": 9, "b": 8, "": 8.5}])
    (note,) = bench.report().notes
    assert note.startswith("1 of the judged queries of demo are here in more than one version (such as '1')")


@pytest.mark.parametrize(
    ("spec", "command"),
    [
        (
            {"judge": "tow", "model": "openai/x"},
            "`penmark judge demo --judge tow --judge-model openai/x --writer 'e v'`",
        ),
        ({"judge": "imported"}, "`penmark import scores FILE --bench demo --judge J --writer 'e v'`"),
    ],
)
def test_an_unknown_writer_is_answered_with_the_command_that_has_it_judged(tmp_path, spec, command):
    bench = Bench(tmp_path, spec)
    bench.scores(bench.task(make_task(1)), "ann", "x", [{"a": 9, "b": 8, "": 8.5}])
    with pytest.raises(ConfigError, match=re.escape(command)):
        bench.report(writers=["e v"])
    bench.store.close()


def test_scale_100_multiplies_means_intervals_and_differences_by_ten(small):
    ten, hundred = small.report(), small.report(scale=100)
    for a, b in zip(ten.writers, hundred.writers, strict=True):
        assert b.overall.mean == pytest.approx(10 * a.overall.mean)
        assert b.overall.low == pytest.approx(10 * a.overall.low)
    assert hundred.differences[0].mean == pytest.approx(10 * ten.differences[0].mean)
    assert hundred.differences[0].high == pytest.approx(10 * ten.differences[0].high)


def test_a_judge_of_one_root_score_is_averaged_over_roots_on_its_own_unit(tmp_path):
    bench = Bench(tmp_path, {"id": "length", "aggregate": "root", "unit": "words"})
    t1, t2 = bench.task(make_task(1, about=["style"])), bench.task(make_task(2))
    bench.scores(t1, "ann", "x", [{"a": 1, "": 120.0}])
    bench.scores(t2, "ann", "x", [{"a": 1, "": 80.0}])
    report = bench.report(scale=100)
    bench.store.close()
    ann = report.writers[0]
    assert (report.scale, report.unit) == (None, "words")
    assert ann.overall.mean == 100
    assert (ann.overall.asked, ann.overall.scored) == (2, 2)
    assert (ann.requirement["style"]["C"].mean, ann.requirement["style"]["C"].asked) == (None, 0)


def test_intervals_hold_the_mean_repeat_with_the_seed_and_need_two_queries(bench):
    rng = random.Random(1)
    for n in range(40):
        task = bench.task(make_task(n, domain=("Education", "Essay") if n else ("Law", "Contract")))
        bench.scores(task, "ann", "x", [{"a": rng.randint(1, 10), "b": rng.randint(1, 10)}])
    ann = bench.report().writers[0]
    assert ann.overall.low < ann.overall.mean < ann.overall.high
    assert 0.5 < ann.overall.high - ann.overall.low < 2.5  # about 4 standard errors of 2 / sqrt(40)
    assert (ann.tags["domain1"]["Law"].low, ann.tags["domain1"]["Law"].high) == (None, None)
    assert bench.report().writers[0] == ann
    assert bench.report(seed=1).writers[0].overall.low != ann.overall.low


def test_equal_scores_leave_no_uncertainty(bench):
    for n in range(5):
        bench.scores(bench.task(make_task(n)), "ann", "x", [{"a": 7, "b": 7}])
    overall = bench.report().writers[0].overall
    assert (overall.low, overall.mean, overall.high) == pytest.approx((7, 7, 7))


def test_groups_stand_in_the_benchmarks_order_even_without_a_scored_query(small):
    small.task(make_task(4, domain=("Arts", "Poem")))
    report = small.report()
    assert report.domains == {"Education": ("Essay", "Lesson"), "Finance": ("Report",), "Arts": ("Poem",)}
    assert list(report.writers[0].tags["domain1"]) == ["Education", "Finance", "Arts"]
    assert report.writers[0].tags["domain1"]["Arts"].mean is None


@pytest.mark.parametrize("embedded", ["judge", "writer"])
def test_the_embedded_model_is_called_a_demonstration(tmp_path, embedded):
    bench = Bench(tmp_path, {**JUDGE, "model": "embedded"} if embedded == "judge" else JUDGE)
    bench.store.save_writer("ann", {"model": "embedded/x" if embedded == "writer" else "openai/x"})
    bench.scores(bench.task(make_task(1)), "ann", "x", [{"a": 7, "b": 7}])
    report = bench.report()
    bench.store.close()
    assert any("demonstration" in note for note in report.notes)


def test_good_models_with_every_score_need_no_note(bench):
    bench.store.save_writer("ann", {"model": "openai/x"})
    bench.scores(bench.task(make_task(1)), "ann", "x", [{"a": 7, "b": 7}])
    assert bench.report().notes == ()


def test_choose_takes_the_newest_judged_benchmark_and_judge(small):
    small.store.save_judge("K", JUDGE)
    task = make_task(9)
    small.scores(task, "ann", "x", [{"a": 1}], judge="K")
    small.task(task)
    small.store.save_tasks({0: Task(bench="unjudged", id="1", instruction="write")})
    small.store.flush()
    assert choose(small.store, None, None) == ("demo", "K", ("J",))
    assert choose(small.store, None, "J") == ("demo", "J", ("K",))
    assert choose(small.store, "demo", "J") == ("demo", "J", ("K",))
    with pytest.raises(ConfigError, match=r"no benchmark 'x'.*only: demo, unjudged; run `penmark report"):
        choose(small.store, "x", None)
    with pytest.raises(ConfigError, match=r"no scores by judge 'x' on demo, unjudged.*only by: J, K"):
        choose(small.store, None, "x")
    with pytest.raises(ConfigError, match=r"nothing has been judged on unjudged.*`penmark judge unjudged"):
        choose(small.store, "unjudged", None)


def test_choose_in_an_empty_store_names_the_command_that_fills_it(tmp_path):
    with Store(tmp_path / "empty.db") as store, pytest.raises(ConfigError, match="penmark run sample"):
        choose(store, None, None)


def upstream_sums(queries, scores):
    """Overall, domain1, domain2, R and C for length, from WritingBench's definition in plain loops.

    Args:
        queries: index to upstream's row.
        scores: (index, criterion name) to its scores, repeats included.
    """
    everything, by_query = [], defaultdict(list)
    for (index, _), values in scores.items():
        everything.extend(values)
        by_query[index].extend(values)
    by_domain1, by_domain2 = defaultdict(list), defaultdict(list)
    for index, values in by_query.items():
        by_domain1[queries[index]["domain1"]].append(fmean(values))
        by_domain2[queries[index]["domain2"]].append(fmean(values))
    about_length = []
    for line in LENGTH_SUBSET.with_name("length_subset_C.jsonl").read_text(encoding="utf-8").splitlines():
        row = loads(line)
        names = [c["name"] for c in row["checklist"]]
        about_length += [fmean(scores[int(row["index"]), n]) for n in names if (int(row["index"]), n) in scores]
    return {
        "overall": fmean(everything),
        "domain1": {name: fmean(values) for name, values in by_domain1.items()},
        "domain2": {name: fmean(values) for name, values in by_domain2.items()},
        "R": fmean(fmean(values) for values in by_query.values()),
        "C": fmean(about_length),
        "count": len(by_query),
    }


@pytest.mark.data
@pytest.mark.skipif(not LENGTH_SUBSET.is_file(), reason=f"{LENGTH_SUBSET} is absent")
def test_two_hundred_real_queries_give_upstreams_figures(tmp_path):
    rows = [loads(line) for line in LENGTH_SUBSET.read_text(encoding="utf-8").splitlines()]
    queries = {int(row["index"]): row for row in rows}
    rng = random.Random(7)
    asked = rng.sample(sorted(queries), 200)
    scores = {
        (index, criterion["name"]): [rng.randint(1, 10) for _ in range(repeats)]
        for index, repeats in zip(asked, rng.choices([1, 2, 3], k=200), strict=True)
        for criterion in queries[index]["checklist"]
    }
    tasks = {int(task.id): task for task in writingbench.open(DATA).tasks()}
    with Store(tmp_path / "penmark.db") as store:
        store.save_judge("J", JUDGE)
        store.save_tasks(dict(enumerate(tasks.values())))
        for (index, criterion), values in scores.items():
            response = Response(task=tasks[index].key, writer="W", text=None, status="absent")
            store.save_responses(response)
            for repeat, score in enumerate(values):
                verdict = Judgment(
                    response=response.key, judge="J", node=criterion, score=score, status="scored", repeat=repeat
                )
                store.save_judgments(verdict, run="r")
        store.flush()
        report = as_json(build_report(store, "writingbench", "J"))
    expected, found = upstream_sums(queries, scores), report["writers"]["W"]
    assert found["count"] == expected["count"] == 200
    assert found["overall"] == pytest.approx(expected["overall"], abs=1e-9)
    for level in ("domain1", "domain2"):
        given_means = {name: mean for name, mean in found[level].items() if mean is not None}
        assert given_means == pytest.approx(expected[level], abs=1e-9)
    assert found["requirement"]["length"]["R"] == pytest.approx(expected["R"], abs=1e-9)
    assert found["requirement"]["length"]["C"] == pytest.approx(expected["C"], abs=1e-9)


score_rounds = st.lists(st.lists(st.none() | st.integers(1, 10), min_size=2, max_size=2), min_size=1, max_size=3)


@settings(max_examples=20, deadline=None)
@given(by_task=st.lists(score_rounds, min_size=1, max_size=6))
def test_any_scores_give_means_within_their_range_ordered_intervals_and_no_nan(tmp_path_factory, by_task):
    bench = Bench(tmp_path_factory.mktemp("any"))
    for n, rounds in enumerate(by_task):
        leaves = [dict(zip("ab", pair, strict=True)) for pair in rounds]
        roots = [None if None in pair else sum(pair) / 2 for pair in rounds]
        task = bench.task(make_task(n, about=["style"], requires=["style"]))
        bench.scores(task, "ann", "x", [{**scores, "": root} for scores, root in zip(leaves, roots, strict=True)])
    report = bench.report()
    bench.store.close()
    dumps(as_json(report), allow_nan=False)
    complete = [s for rounds in by_task for pair in rounds if None not in pair for s in pair]
    overall = report.writers[0].overall
    assert overall.mean == (pytest.approx(fmean(complete)) if complete else None)
    assert overall.scored == sum(s is not None for rounds in by_task for pair in rounds for s in pair)
    if overall.low is not None:
        assert all(a <= b + 1e-9 for a, b in pairwise([min(complete), overall.low, overall.high, max(complete)]))
