"""What cannot be done: one clear message on standard error, exit 2, and the store as it was."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from commands import dump, jsonl, judge_script, sample_rows, writer_script

from servers import serving, verdict

ROWS = sample_rows()
FIRST, SECOND = ROWS[0], ROWS[1]
FIVE = {c["name"]: [{"score": 7, "reason": "r"}] for c in FIRST["checklist"]}


def scores(**changes):
    return {"index": FIRST["id"], "scores": FIVE, **changes}


def score_of(value):
    return scores(scores={**FIVE, FIRST["checklist"][0]["name"]: [{"score": value, "reason": "r"}]})


def response(**changes):
    return {"index": FIRST["id"], "response": "An essay.", **changes}


RESPONSE_FILES = {
    "truncated last line": ([json.dumps(response()), '{"index": "en-02", "respon'], ":2", "incomplete last line"),
    "duplicate index": ([response(), response(response="Another.")], ":2", "on line 1 too"),
    "unknown query": ([response(index="en-99")], ":1", 'no query "en-99"'),
    "no text": ([{"index": FIRST["id"]}], ":1", "response: missing"),
    "empty file": ([], ".jsonl", "the file is empty"),
}
SCORE_FILES = {
    "truncated last line": ([json.dumps(scores()), json.dumps(scores())[:90]], ":2", "incomplete last line"),
    "duplicate index": ([scores(), scores()], ":2", "on line 1 too"),
    "score of 11": ([score_of(11)], ":1", "11 is not a whole number 1-10"),
    "score of 7.5": ([score_of(7.5)], ":1", "7.5 is not a whole number 1-10"),
    "score in words": ([score_of("8")], ":1", '"8" is not a whole number 1-10'),
    "unknown query": ([scores(index="en-99")], ":1", 'no query "en-99"'),
    "unknown criterion": ([scores(scores={"Beauty": [{"score": 5}]})], ":1", "no criterion of this query"),
    "empty file": ([], ".jsonl", "the file is empty"),
}


@pytest.fixture(params=["a new database", "a database with judgments"])
def database(request):
    """The database a command is refused on; it must end up as it was."""
    if request.param == "a database with judgments":
        request.getfixturevalue("judged")
    before = dump("penmark.db")
    yield
    assert dump("penmark.db") == before


@pytest.mark.parametrize("case", RESPONSE_FILES)
def test_responses_that_cannot_be_read_are_refused_by_file_line_and_remedy(penmark, database, case):
    rows, *parts = RESPONSE_FILES[case]
    path = jsonl("in.jsonl", *rows, end="" if "truncated" in case else "\n")
    penmark("import responses --bench sample --writer w", path).refused("in.jsonl", *parts)


@pytest.mark.parametrize("case", SCORE_FILES)
def test_scores_that_cannot_be_read_are_refused_by_file_line_and_remedy(penmark, database, case):
    rows, *parts = SCORE_FILES[case]
    path = jsonl("in.jsonl", *rows, end="" if "truncated" in case else "\n")
    penmark("import scores --bench sample --writer w --judge J", path).refused("in.jsonl", *parts)


@pytest.mark.parametrize("what", ["responses", "scores --judge J"])
def test_a_file_that_is_not_utf_8_is_refused_with_the_place(penmark, database, what):
    Path("in.jsonl").write_bytes(json.dumps(response()).encode() + '\n{"index": "é"}\n'.encode("latin-1"))
    penmark(f"import {what} --bench sample --writer w in.jsonl").refused("in.jsonl:2", "invalid UTF-8", "as UTF-8")


@pytest.mark.parametrize("what", ["responses", "scores --judge J"])
@pytest.mark.parametrize("path", ["nowhere.jsonl", "data"])
def test_a_file_that_is_not_there_is_named(penmark, database, what, path):
    penmark(f"import {what} --bench sample --writer w {path}").refused(path, "check the path")


def writingbench(folder, *rows):
    path = Path(folder) / "benchmark_query" / "benchmark_all.jsonl"
    path.parent.mkdir(parents=True)
    return jsonl(path, *rows, end="")


def query(**changes):
    bands = dict.fromkeys(("1-2", "3-4", "5-6", "7-8", "9-10"), "text")
    checklist = [{"name": f"c{n}", "criteria_description": "d", **bands} for n in range(5)]
    row = {"index": 1, "domain1": "Education", "domain2": "Lesson Plan", "query": "Plan it.", "checklist": checklist}
    return {**row, **changes}


BENCHMARKS = {
    "a criterion without a band": (
        [query(checklist=[{k: v for k, v in c.items() if k != "5-6"} for c in query()["checklist"]])],
        'checklist[0]["5-6"]: missing',
    ),
    "a duplicate index": ([query(), query()], "query 1 is on line 1 too"),
    "a truncated last line": ([json.dumps(query()), json.dumps(query(index=2))[:80]], "incomplete last line"),
}


@pytest.mark.parametrize("case", BENCHMARKS)
@pytest.mark.parametrize("command", ["write", "run", "import"])
def test_a_malformed_benchmark_is_refused_and_its_check_named(penmark, database, case, command):
    rows, part = BENCHMARKS[case]
    writingbench("wb", *rows)
    jsonl("in.jsonl", {"index": 1, "response": "x"})
    writer = writer_script("w.jsonl")
    done = {
        "write": lambda: penmark("write writingbench --data wb --writer", writer),
        "run": lambda: penmark("run writingbench --data wb --judge length --writer", writer),
        "import": lambda: penmark("import responses --bench writingbench --data wb --writer w in.jsonl"),
    }[command]()
    done.refused("benchmark_all.jsonl:", part, "penmark bench check writingbench --data wb")


def test_bench_check_lists_every_problem_and_ends_with_2(penmark):
    writingbench("wb", query(domain1="Sport"), query(index=2, query=""), query(index=3, checklist=[]))
    done = penmark("bench check writingbench --data wb")
    assert done.code == 2
    assert [f":{n}: " in done.out for n in (1, 2, 3)] == [True] * 3
    assert done.out.endswith("3 problems\n")
    found = penmark("bench check writingbench --data wb --json")
    assert (found.code, [p["line"] for p in found.json()]) == (2, [1, 2, 3])


@pytest.mark.parametrize(
    "command",
    ["write writingbench --writer {}", "run writingbench --judge length --writer {}", "bench check writingbench",
     "import responses --bench writingbench --writer w in.jsonl"],
)  # fmt: skip
def test_a_missing_folder_is_named_with_the_command_that_fills_it(penmark, database, command):
    jsonl("in.jsonl", {"index": 1, "response": "x"})
    command = command.format(writer_script("w.jsonl"))
    penmark(f"{command} --data nowhere").refused("nowhere", "penmark bench fetch writingbench", "--data")


NAMES = [
    ("write poems --writer {w}", "no benchmark 'poems'", "sample, writingbench"),
    ("run poems --judge length --writer {w}", "no benchmark 'poems'", "sample, writingbench"),
    ("bench info poems", "no benchmark 'poems'", "sample, writingbench"),
    ("bench check poems", "no benchmark 'poems'", "sample, writingbench"),
    ("bench fetch poems", "no benchmark 'poems'", "sample, writingbench"),
    ("import responses --bench poems --writer w in.jsonl", "no benchmark 'poems'", "sample, writingbench"),
    ("run sample --judge taste --writer {w}", "no judge 'taste'", "known: auto-plan, average, "),
    ("judge sample --judge taste", "no judge 'taste'", "known: auto-plan, average, "),
    ("judges info taste", "no judge 'taste'", "known: auto-plan, average, "),
    ("write sample --writer oracle/x", "no model 'oracle'", "scripted"),
    ("judge sample --judge rubric --judge-model oracle/x", "no model 'oracle'", "scripted"),
    ("write sample --writer scripted/none.jsonl", "none.jsonl", "scripted/PATH"),
    ("judge poems --judge length", "no responses to 'poems'", "only to: sample"),
    ("judge sample --judge length --writer c", "no responses by c", "those of a, b"),
    ("judge sample --judge rubric", "asks a model", "--judge-model"),
    ("report --bench poems", "no benchmark 'poems'", "only: sample"),
    ("report --judge taste", "judge 'taste'", "only by: j"),
    ("report --writer c", "writer 'c'", "only of: a, b"),
    ("export responses --bench poems --writer a", "no benchmark 'poems'", "only: sample"),
    ("export responses --writer c", "no responses by c", "only by a, b"),
    ("export scores --writer c", "no responses by c", "only by a, b"),
    ("export scores --judge taste --writer a", "judge 'taste'", "only by: j"),
    ("export judgments --writer c", "no responses by c", "only by a, b"),
    ("export judgments --bench poems", "no benchmark 'poems'", "only: sample"),
    ("runs show 2020", "no run '2020'", "penmark runs list"),
]


@pytest.mark.parametrize(("command", "found", "known"), NAMES)
def test_an_unknown_name_is_refused_with_those_that_are_known(penmark, judged, command, found, known):
    jsonl("in.jsonl", {"index": 1, "response": "x"})
    before = dump(judged)
    penmark(command.format(w=writer_script("w.jsonl"))).refused(found, known)
    assert dump(judged) == before


@pytest.mark.parametrize("what", ["responses", "scores"])
def test_a_shape_that_names_no_writer_holds_one_only(penmark, judged, what):
    penmark(f"export {what} -o kept.jsonl").refused("responses of a, b", "--writer NAME")
    assert not Path("kept.jsonl").exists()


@pytest.mark.parametrize(
    "command",
    ["report", "export responses", "export scores", "export judgments", "runs list", "judge sample --judge length"],
)
def test_commands_that_read_say_that_there_is_no_database(penmark, command):
    penmark(f"{command} --db none.db").refused("none.db: no such database", "--db")
    assert not Path("none.db").exists()


@pytest.mark.parametrize("command", ["report", "runs list", "write sample --writer {}", "import responses --bench "
                                     "sample --writer w in.jsonl"])  # fmt: skip
@pytest.mark.parametrize("db", ["data", "text.db", "missing/x.db"])
def test_a_database_that_cannot_be_one_is_refused(penmark, command, db):
    jsonl("in.jsonl", response())
    Path("text.db").write_text("This is a text, and by no means a database.\n" * 40)
    before = Path("text.db").read_bytes()
    penmark(command.format(writer_script("w.jsonl")), "--db", db).refused(str(db), "--db")
    assert Path("text.db").read_bytes() == before


OUTPUTS = [*(f"report --format {kind} -o" for kind in ("table", "json", "csv", "xlsx", "html")),
           "export responses --writer a -o", "export scores --writer a -o", "export judgments -o"]  # fmt: skip


@pytest.mark.parametrize("command", OUTPUTS)
@pytest.mark.parametrize("path", ["data", "w.txt/below", "penmark.db/report"])
def test_an_output_that_cannot_be_written_is_refused(penmark, judged, command, path):
    Path("w.txt").write_text("a file, not a folder")
    penmark(command, path).refused(f"{path} cannot be written", "name a file")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", [c for c in OUTPUTS if "html" not in c and "xlsx" not in c])
def test_a_full_disk_while_writing_a_file_is_told(penmark, judged, command):
    penmark(command, "/dev/full").refused("/dev/full cannot be written", "disk with space")


def test_a_report_that_cannot_be_written_is_told_before_anything_is_paid_for(penmark):
    models = (writer_script("w.jsonl"), "--judge-model", judge_script("j.jsonl"))
    penmark("run sample --judge rubric --report data --writer", *models).refused("data cannot be written")
    assert dump("penmark.db") == {}


def test_a_judge_that_lacks_its_model_is_told_before_anything_is_paid_for(penmark):
    penmark("run sample --judge rubric --writer", writer_script("w.jsonl")).refused("asks a model", "--judge-model")
    assert dump("penmark.db") == {}


@pytest.mark.parametrize(("option", "reader"), [("--tree", "tree"), ("--calibration", "calibrated")])
@pytest.mark.parametrize("command", ["judge sample", "run sample --writer scripted/w.jsonl"])
def test_a_file_that_the_judge_would_not_read_is_refused_before_anything_is_paid_for(penmark, command, option, reader):
    writer_script("w.jsonl")
    model = judge_script("j.jsonl")
    done = penmark(f"{command} --judge rubric {option} x.toml --judge-model", model)
    done.refused(f"`rubric` reads no {option}", f"--judge {reader}")
    assert not Path("penmark.db").exists()


def test_a_cost_limit_without_a_price_is_told_before_anything_is_paid_for(penmark):
    with serving(lambda prompt: verdict(7)) as server:
        done = penmark(
            "run sample --judge rubric --max-cost 1 --judge-model openai/nobody-knows --writer",
            writer_script("w.jsonl"), "--base-url", server.base_url,
        )  # fmt: skip
        done.refused("the price of openai/nobody-knows is not known", "--max-calls")
        assert server.prompts == []
    assert dump("penmark.db") == {}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


ENDPOINT = [
    "write sample --limit 2 --writer openai/m",
    "judge sample --judge rubric --judge-model openai/m --judge-name new",
    "run sample --limit 2 --judge length --writer openai/m",
    "run sample --limit 2 --judge rubric --judge-model openai/m --writer {}",
]


@pytest.mark.parametrize("command", ENDPOINT)
def test_an_endpoint_that_does_not_answer_is_named_and_the_store_stays_as_it_was(penmark, judged, command):
    before = dump(judged)
    url = f"http://127.0.0.1:{free_port()}/v1"
    penmark(command.format(writer_script("w.jsonl")), "--base-url", url).refused(url, "--base-url")
    assert dump(judged) == before


@pytest.mark.parametrize("command", ENDPOINT)
@pytest.mark.parametrize("guards_models", [True, False], ids=["told at once", "told by the first call"])
def test_a_wrong_key_is_told_without_the_key_and_the_store_stays_as_it_was(
    penmark, judged, monkeypatch, command, guards_models
):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    before = dump(judged)
    with serving(lambda prompt: verdict(7), key="sk-another", guards_models=guards_models) as server:
        done = penmark(command.format(writer_script("w.jsonl")), "--base-url", server.base_url)
    message = done.err[done.err.index("penmark: ") :]
    assert done.code == 2
    assert "401" in message
    assert "check the key" in message
    assert "very-secret" not in done.err + done.out
    after = dump(judged)
    if "{}" in command and not guards_models:  # The writer could write, and that is kept; nothing was judged.
        after, before = ({t: kept[t] for t in ("judgments", "judges")} for kept in (after, before))
    assert after == before


def test_a_model_name_that_the_endpoint_does_not_know_is_told(penmark):
    answer = (404, {"error": {"message": "the model `m` does not exist", "code": "model_not_found"}})
    with serving(lambda prompt: answer) as server:
        done = penmark("write sample --limit 2 --writer openai/m --base-url", server.base_url)
    assert done.code == 2
    assert "the model `m` does not exist" in done.err
    assert dump("penmark.db") == {}


@pytest.mark.parametrize(
    "command",
    ["write sample", "run sample --writer x", "judge sample", "judge sample --judge length --repeats 0", "bench info",
     "write sample --writer x --limit 0", "report --format pdf", "report --scale 7", "nonsense", "report --nonsense"],
)  # fmt: skip
def test_wrong_usage_ends_with_2_and_names_the_option(penmark, command):
    done = penmark(command)
    assert done.code == 2
    assert "Usage: penmark" in done.err
    assert not Path("penmark.db").exists()


def test_in_a_process_of_its_own_there_is_no_traceback_either(tmp_path):
    command = [sys.executable, "-m", "penmark.cli", "import", "scores", "none.jsonl", "--bench", "sample"]
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [*command, "--writer", "作者", "--judge", "J"], capture_output=True, encoding="utf-8", env=env, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("penmark: none.jsonl: no such file; ")
    assert done.stderr.count("\n") == 1
