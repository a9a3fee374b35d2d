"""The example of docs/pairwise.md runs as it stands, and comes to the figures it says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from typer.testing import CliRunner

from penmark.cli.app import command_tree

PAGE = (Path(__file__).parents[2] / "docs" / "pairwise.md").read_text(encoding="utf-8")


def run(words: list[str]) -> str:
    done = CliRunner().invoke(command_tree(), words, prog_name="penmark")
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_run_of_the_page_comes_to_what_the_page_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in re.findall(r"`(\w+\.jsonl)`:\n\n```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        Path(name).write_text(text, encoding="utf-8")
    (commands,) = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for line in commands.splitlines():
        run(shlex.split(line.removeprefix("$ "))[1:])
    verdicts = [json.loads(line) for line in Path("preferences.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(verdicts) == 36
    made = json.loads(run(["report", "--judge", "p", "--json"]))
    assert made["writers"]["rich"]["undefeated"]
    assert made["writers"]["rich"]["strength"]["ci95"][1] is None
    assert made["writers"]["plain"]["against"]["brief"]["value"] == 0.5
    assert made["contradicted"] == 6
    order = json.loads(run(["meta", "order", "--json"]))["judges"]["p"]
    assert round(100 * order["first_wins"]["value"], 1) == round(100 * order["consistent"]["value"], 1) == 66.7
    (source,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    names: dict[str, object] = {}
    exec(source, names)
    assert names["verdicts"]["margin"].to_list().count(None) == 0
    assert len(names["verdicts"]) == 24
    assert "compared in pairs by p" in Path("pairs.html").read_text(encoding="utf-8")


def test_the_options_of_the_page_exist():
    shown = run(["compare", "--help"]) + run(["report", "--help"]) + run(["judge", "--help"])
    for option in set(re.findall(r"--[a-z][a-z-]+", PAGE.partition("## What is asked")[2])):
        assert option in shown, option
