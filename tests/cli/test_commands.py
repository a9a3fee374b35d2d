"""What the commands do with a writer and a judge that answer from scripts."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from commands import SEVEN, calls, dump, judge_script, lines, sample_rows, script, writer_script


def test_run_writes_judges_and_reports(penmark):
    done = penmark(
        "run sample --limit 3 --judge rubric --writer", writer_script("w.jsonl"),
        "--judge-model", judge_script("j.jsonl"),
    ).ok()  # fmt: skip
    assert "7.00" in done.out
    assert f"report: {Path('penmark-report.html').resolve()}" in done.out
    assert "An essay." in Path("penmark-report.html").read_text(encoding="utf-8")
    assert "15/15 scorings" in done.err
    (writer,) = penmark("report --json").ok().json()["writers"].values()
    assert (writer["overall"], writer["count"], writer["coverage"]) == (7.0, 3, 1.0)


def test_a_second_run_makes_no_call_and_says_what_it_kept(penmark):
    command = ("run sample --limit 2 --judge rubric --writer", writer_script("w.jsonl"), "--judge-model")
    penmark(*command, judge_script("j.jsonl")).ok()
    made, before = calls(), dump("penmark.db")
    assert made == 2 + 10
    for path in ("w.jsonl", "j.jsonl"):  # From here on, no prompt gets an answer.
        script(path, {"when": ["no prompt says this"], "replies": ["x"]})
    done = penmark(*command, "scripted/j.jsonl").ok()
    assert "2/2 responses, 2 from before" in done.err
    assert "10/10 scorings, 10 from before" in done.err
    assert calls() == made
    assert {t: before[t] for t in ("responses", "judgments", "calls")} == {
        t: dump("penmark.db")[t] for t in ("responses", "judgments", "calls")
    }
    assert sum(run["calls"] for run in penmark("runs list --json").ok().json()) == made


def test_a_larger_limit_goes_on_where_a_smaller_one_ended(penmark):
    model = writer_script("w.jsonl")
    penmark("write sample --limit 2 --writer", model).ok()
    assert "5/5 responses, 2 from before" in penmark("write sample --limit 5 --writer", model).ok().err
    assert calls() == 5


def test_more_repeats_add_scorings_and_the_mean_is_over_all_of_them(penmark):
    penmark("write sample --limit 1 --writer", writer_script("w.jsonl")).ok()
    judge = ("judge sample --judge rubric --judge-model", judge_script("j.jsonl"), "--repeats")
    penmark(*judge, 1).ok()
    script("j.jsonl", {"replies": ['{"score": 10, "reason": "better"}']})
    assert "15/15 scorings, 5 from before" in penmark(*judge, 3).ok().err
    (writer,) = penmark("report --json").ok().json()["writers"].values()
    assert writer["overall"] == pytest.approx((7 + 10 + 10) / 3, abs=1e-12)
    found = lines(penmark("export judgments").ok().out)
    assert sorted({j["repeat"] for j in found}) == [0, 1, 2]


def test_a_joint_judge_makes_one_call_a_response(penmark):
    (row, *_) = sample_rows()
    scores = {c["name"]: {"score": n, "reason": "so"} for n, c in enumerate(row["checklist"], start=4)}
    penmark("write sample --limit 1 --writer", writer_script("w.jsonl")).ok()
    joint = judge_script("j.jsonl", json.dumps(scores))
    penmark("judge sample --joint --judge rubric --judge-model", joint).ok()
    assert calls() == 1 + 1
    (line,) = lines(penmark("export scores").ok().out)
    assert {name: [s["score"] for s in given] for name, given in line["scores"].items()} == {
        name: [s["score"]] for name, s in scores.items()
    }


def test_a_joint_reply_without_one_criterion_scores_none_of_them(penmark):
    (row, *_) = sample_rows()
    scores = {c["name"]: {"score": 9, "reason": "so"} for c in row["checklist"][:4]}
    penmark("write sample --limit 1 --writer", writer_script("w.jsonl")).ok()
    joint = judge_script("j.jsonl", json.dumps(scores))
    assert penmark("judge sample --joint --judge rubric --judge-model", joint).code == 3
    (writer,) = penmark("report --json").ok().json()["writers"].values()
    assert (writer["overall"], writer["coverage"]) == (None, 0.0)


def test_the_papers_prompt_order_is_another_judge(penmark):
    penmark("write sample --limit 1 --writer", writer_script("w.jsonl")).ok()
    judge = ("judge sample --judge rubric --judge-model", judge_script("j.jsonl"), "--layout")
    penmark(*judge, "shared").ok()
    penmark(*judge, "upstream").refused("layout was 'shared', now 'upstream'", "--judge-name NAME")
    penmark(*judge, "upstream", "--judge-name", "papers").ok()
    assert calls() == 1 + 5 + 5


def test_an_unreadable_reply_leaves_no_score_and_the_exit_code_is_3(penmark):
    bad = {"when": [sample_rows()[0]["checklist"][0]["name"]], "replies": ["I would say 9/10, [[9]] {score: 9}"]}
    done = penmark(
        "run sample --limit 2 --judge rubric --writer", writer_script("w.jsonl"),
        "--judge-model", judge_script("j.jsonl", rules=[bad]),
    )  # fmt: skip
    assert done.code == 3
    assert "coverage 0.900" in done.err
    assert "1 of 10 scorings could not be had" in done.err
    (unread,) = [j for j in lines(penmark("export judgments").ok().out) if j["status"] == "unreadable"]
    assert (unread["score"], unread["node"]) == (None, bad["when"][0])
    assert "9/10" in unread["reason"]
    (writer,) = penmark("report --json").ok().json()["writers"].values()
    assert (writer["overall"], writer["count"], writer["coverage"]) == (7.0, 1, 0.9)
    assert penmark("judge sample --judge rubric --judge-model scripted/j.jsonl --min-coverage 0.9").code == 0


def test_an_unreadable_verdict_stands_and_is_not_asked_for_again(penmark):
    penmark("write sample --limit 1 --writer", writer_script("w.jsonl")).ok()
    judge = ("judge sample --judge rubric --judge-model", judge_script("j.jsonl", "unreadable"))
    assert penmark(*judge).code == 3
    asked = calls()
    assert asked == 1 + 5 * 3
    script("j.jsonl", {"replies": [SEVEN]})
    assert penmark(*judge).code == 3
    assert calls() == asked


def test_retry_unscored_asks_again_for_what_could_not_be_read(penmark):
    penmark("write sample --limit 1 --writer", writer_script("w.jsonl")).ok()
    judge = ("judge sample --judge rubric --judge-model", judge_script("j.jsonl", "unreadable"))
    assert penmark(*judge).code == 3
    script("j.jsonl", {"replies": [SEVEN]})
    penmark(*judge, "--retry-unscored").ok()
    (writer,) = penmark("report --json").ok().json()["writers"].values()
    assert (writer["overall"], writer["coverage"]) == (7.0, 1.0)


def test_partial_lets_a_mean_make_do_and_says_so(penmark):
    names = [c["name"] for c in sample_rows()[0]["checklist"]]
    bad = {"when": [names[0]], "replies": ["no"]}
    penmark("write sample --limit 1 --writer", writer_script("w.jsonl")).ok()
    judge = ("judge sample --judge rubric --judge-model", judge_script("j.jsonl", rules=[bad]))
    assert penmark(*judge).code == 3
    assert penmark(*judge, "--partial", "--judge-name", "p").code == 3
    roots = [(j["score"], j["status"]) for name in ("rubric@scripted/j.jsonl", "p")
             for j in lines(penmark("export judgments --judge", name).ok().out) if j["node"] == ""]  # fmt: skip
    assert roots == [(None, "incomplete"), (7.0, "partial")]
    whole, part = (penmark("report --json --judge", n).ok().json() for n in ("rubric@scripted/j.jsonl", "p"))
    assert whole["writers"]["scripted/w.jsonl"]["overall"] is None
    assert part["writers"]["scripted/w.jsonl"]["overall"] == 7.0
    assert part["partial"] is True
    assert any("Partial" in note for note in part["notes"])


def test_several_writers_stand_side_by_side_with_their_difference(penmark, judged):
    report = penmark("report --json").ok().json()
    assert {name: w["overall"] for name, w in report["writers"].items()} == {"a": 7.0, "b": 5.0}
    (difference,) = report["differences"]
    assert (difference["first"], difference["second"], difference["value"], difference["n"]) == ("a", "b", 2.0, 4)
    assert list(penmark("report --json --writer b").ok().json()["writers"]) == ["b"]
    assert penmark("report --json --scale 100").ok().json()["writers"]["a"]["overall"] == 70.0


def test_a_judge_may_be_sent_to_one_writer_only(penmark):
    for name in ("a", "b"):
        penmark("write sample --limit 1 --writer", writer_script(f"{name}.jsonl"), "--writer-name", name).ok()
    penmark("judge sample --judge length --writer b").ok()
    assert list(penmark("report --json").ok().json()["writers"]) == ["b"]


def test_a_judge_without_a_model_needs_none(penmark):
    penmark("run sample --limit 2 --judge length --writer", writer_script("w.jsonl", "three words here")).ok()
    report = penmark("report --json").ok().json()
    assert (report["writers"]["scripted/w.jsonl"]["overall"], report["unit"], report["scale"]) == (
        16.0,
        "characters",
        None,
    )


def test_a_name_stands_for_one_thing(penmark):
    write = ("write sample --limit 1 --writer-name w --writer", writer_script("w.jsonl"))
    penmark(*write).ok()
    before = dump("penmark.db")
    penmark(*write, "--temperature", "0.1").refused("writer 'w' is in penmark.db", "sampling was", "--writer-name NAME")
    other = writer_script("w2.jsonl")
    penmark("write sample --limit 1 --writer-name w --writer", other).refused("model was 'scripted/w.jsonl'")
    assert dump("penmark.db") == before


def test_a_judge_name_that_is_taken_is_told_before_anything_is_written(penmark, judged):
    before = dump(judged)
    penmark(
        "run sample --judge static --judge-name j --writer", writer_script("new.jsonl"),
        "--judge-model", judge_script("judge.jsonl"),
    ).refused("judge 'j' is in penmark.db with other settings", "--judge-name NAME")  # fmt: skip
    assert dump(judged) == before


def test_max_calls_stops_in_order_and_the_command_says_how_to_go_on(penmark):
    command = ("run sample --limit 3 --judge rubric --writer", writer_script("w.jsonl"), "--judge-model")
    model = judge_script("j.jsonl")
    done = penmark(*command, model, "--max-calls", 2)
    assert (done.code, calls()) == (3, 2)
    assert "stopped: --max-calls 2 is reached" in done.err
    assert "report:" not in done.out
    assert [run["state"] for run in penmark("runs list --json").ok().json()] == ["interrupted"]
    done = penmark(*command, model, "--max-calls", 6)  # one response and five scorings
    assert (done.code, calls()) == (3, 8)
    assert "stopped: --max-calls 6 is reached" in done.err
    penmark(*command, model).ok()
    assert calls() == 3 + 15


def test_no_calls_at_all_leave_the_store_as_it_was(penmark):
    done = penmark("write sample --max-calls 0 --writer", writer_script("w.jsonl"))
    assert (done.code, dump("penmark.db")) == (3, {})


def test_an_empty_response_is_scored_lowest_without_a_call(penmark):
    penmark(
        "run sample --limit 1 --judge rubric --writer", writer_script("w.jsonl", " \n"),
        "--judge-model", judge_script("j.jsonl"),
    ).ok()  # fmt: skip
    assert calls() == 1
    (writer,) = penmark("report --json").ok().json()["writers"].values()
    assert (writer["overall"], writer["coverage"]) == (1.0, 1.0)


def test_a_response_that_could_not_be_had_counts_against_coverage(penmark):
    model = script("w.jsonl", {"when": [sample_rows()[0]["instruction"][:30]], "replies": ["An essay."]})
    done = penmark("write sample --limit 2 --writer", model)
    assert done.code == 3
    assert "1 of 2 responses could not be had" in done.err
    assert penmark("judge sample --judge rubric --judge-model", judge_script("j.jsonl")).code == 3
    (writer,) = penmark("report --json").ok().json()["writers"].values()
    assert (writer["overall"], writer["coverage"]) == (7.0, 0.5)
    writer_script("w.jsonl")
    penmark("write sample --limit 2 --writer", model).ok()
    penmark("judge sample --judge rubric --judge-model scripted/j.jsonl").ok()
    (writer,) = penmark("report --json").ok().json()["writers"].values()
    assert (writer["overall"], writer["coverage"]) == (7.0, 1.0)


@pytest.mark.parametrize("kind", ["table", "json", "csv", "xlsx", "html"])
def test_every_format_of_the_report_goes_to_the_file_that_was_named(penmark, judged, kind):
    path = Path("new folder") / f"out.{kind}"
    penmark(f"report --format {kind} -o", path).ok()
    assert path.stat().st_size > 500
    if kind in ("table", "json", "csv"):
        assert path.read_text(encoding="utf-8") == penmark(f"report --format {kind}").ok().out.replace("\r\n", "\n")


@pytest.mark.parametrize(
    "command",
    ["bench list --json", "bench info sample --json", "bench info writingbench --json", "bench check sample --json",
     "judges list --json", "judges info rubric --json", "runs list --json", "report --json"],
)  # fmt: skip
def test_json_output_is_json_and_nothing_else(penmark, judged, command):
    assert penmark(command).ok().json() is not None


def test_runs_tell_what_was_done_with_what(penmark, judged):
    runs = penmark("runs list --json").ok().json()
    assert [(run["kind"], run["state"], run["calls"]) for run in runs] == [
        ("judge", "done", 40), ("write", "done", 4), ("write", "done", 4),
    ]  # fmt: skip
    shown = penmark("runs show", runs[0]["id"]).ok().json()
    assert shown == runs[0]
    assert shown["spec"]["judge"] == "rubric"
    assert shown["spec"]["model"] == "scripted/judge.jsonl"
    assert {"prompt_hash", "version", "sampling", "software"} <= set(shown["spec"])
    assert "judge" in penmark("runs list").ok().out


def test_long_names_in_lists_are_wrapped_and_not_cut(penmark, judged):
    name = "a-writer-whose-name-is-longer-than-its-column-in-the-list-of-runs-of-a-terminal"
    penmark("write sample --limit 1 --writer", writer_script("w.jsonl"), "--writer-name", name).ok()
    head, first, *below = penmark("runs list").ok().out.splitlines()
    by, state = head.index("by"), head.index("state")
    parts = [line[by:state].strip() for line in (first, *below[:2])]
    assert name in "".join(parts)


def test_bench_and_judges_introduce_themselves(penmark):
    assert "sample" in penmark("bench list").ok().out
    assert "tasks: 24" in penmark("bench info sample").ok().out
    assert "bench fetch writingbench" in penmark("bench info writingbench").ok().out
    assert penmark("bench check sample").ok().out == "no problems\n"
    assert "comes with penmark" in penmark("bench fetch sample").ok().out
    assert "length" in penmark("judges list").ok().out
    assert "Source: WritingBench" in penmark("judges info rubric").ok().out


def test_the_database_may_be_named_by_the_environment(penmark, monkeypatch):
    monkeypatch.setenv("PENMARK_DB", "elsewhere.db")
    penmark("write sample --limit 1 --writer", writer_script("w.jsonl")).ok()
    with closing(sqlite3.connect("elsewhere.db")) as db:
        assert db.execute("SELECT count(*) FROM responses").fetchone() == (1,)
