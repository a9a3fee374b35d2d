"""The commands of docs/own-benchmark.md run as they stand, from a document to a report."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
from pathlib import Path

from typer.testing import CliRunner

from penmark.benchmarks.task_files import FIELDS
from penmark.cli.app import command_tree

PAGE = (Path(__file__).parents[2] / "docs" / "own-benchmark.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    (text,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return text


def test_a_document_becomes_a_benchmark_that_is_judged(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PENMARK_DATA", str(tmp_path / "data"))
    (tmp_path / "documents.jsonl").write_text(block("jsonl"), encoding="utf-8")
    (tmp_path / "script.jsonl").write_text(block("json"), encoding="utf-8")
    with contextlib.chdir(tmp_path):
        for line in block("console").splitlines():
            done = CliRunner().invoke(command_tree(), shlex.split(line.removeprefix("$ "))[1:])
            assert done.exit_code == 0, done.output
        shown = CliRunner().invoke(command_tree(), ["report", "--bench", "ferries", "--format", "json"])
    tasks = [json.loads(line) for line in (tmp_path / "tasks.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [task["id"] for task in tasks] == ["ferry-guide", "ferry-completion"]
    report = json.loads(shown.stdout)
    assert (report["bench"], report["writers"]["scripted/script.jsonl"]["overall"]) == ("ferries", 7.0)
    assert set(report["writers"]["scripted/script.jsonl"]["task_type"]) == {"guide", "completion"}


def test_the_page_names_every_field_of_a_task() -> None:
    section = PAGE.partition("## Tasks of your own")[2]
    assert not [field for field in FIELDS if f"`{field}`" not in section and f'"{field}"' not in section]
