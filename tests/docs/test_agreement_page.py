"""The commands of docs/agreement.md run as they stand, and find what the page says."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
from pathlib import Path

from typer.testing import CliRunner

from penmark.cli.app import command_tree

PAGE = (Path(__file__).parents[2] / "docs" / "agreement.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    (text,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return text


def test_the_example_of_the_page_runs_and_its_figures_are_explained(tmp_path: Path) -> None:
    (tmp_path / "rated.jsonl").write_text(block("json"), encoding="utf-8")
    out = []
    with contextlib.chdir(tmp_path):
        for line in block("console").splitlines():
            done = CliRunner().invoke(command_tree(), shlex.split(line.removeprefix("$ "))[1:])
            assert done.exit_code == 0, done.output
            out.append(done.stdout)
    found = next(json.loads(text) for text in out if text.startswith("{"))
    table = PAGE.partition("| figure | |")[2].partition("Intervals are")[0]
    assert list(found["judges"]) == ["length", "random", "human ceiling"]
    for judge in found["judges"].values():
        for name in judge.keys() - {"kind"}:
            assert f"`{name}`" in table, name
    assert {path.name for path in tmp_path.glob("*.html")} == {"judges.html", "card.html"}
