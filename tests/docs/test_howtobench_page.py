"""The rivals of docs/howtobench.md run as they stand, side by side, and come to the scores the page says."""

from __future__ import annotations

import json
import re
import shlex
from contextlib import chdir
from pathlib import Path

import pytest
from typer.testing import CliRunner

from penmark.cli.app import command_tree

PAGE = (Path(__file__).parents[2] / "docs" / "howtobench.md").read_text(encoding="utf-8")
RIVALS = ("tow", "upstream", "average", "elaborated", "auto-plan", "bleu", "rouge-l")


def block(kind: str) -> str:
    (text,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return text


def run(line: str) -> str:
    done = CliRunner().invoke(command_tree(), shlex.split(line, comments=True)[1:])
    assert done.exit_code == 0, f"{line}: {done.output}"
    return done.stdout


def test_the_rivals_of_the_page_stand_side_by_side_with_the_scores_it_says(tmp_path: Path) -> None:
    (tmp_path / "replies.jsonl").write_text(block("json"), encoding="utf-8")
    with chdir(tmp_path):
        shown = [run(line.removeprefix("$ ")) for line in block("console").splitlines()]
        report = json.loads(run("penmark report --judge tow --format json --db rivals.db"))
    means = {name: judge["writers"]["essayist"]["value"] for name, judge in report["judges"].items()}
    assert sorted(means) == sorted(RIVALS)
    assert (means["tow"], means["average"]) == pytest.approx(((4 * 7 + 20 + 7) / 8,) * 2)
    assert means["upstream"] == pytest.approx((5 * 7 + 20 + 7) / 9)
    assert (means["elaborated"], means["auto-plan"]) == pytest.approx((7, 0.5 * 8 + 0.3 * 6 + 0.2 * 5))
    assert all(name in shown[-2] for name in RIVALS)
    page = (tmp_path / "rivals.html").read_text(encoding="utf-8")
    assert all(name in page for name in RIVALS)


def test_the_other_commands_of_the_page_are_commands() -> None:
    """Their options exist; they need upstream's files, or a model."""
    for line in block("sh").splitlines():
        words = shlex.split(line, comments=True)
        command = words[1 : 3 if words[1] in {"bench", "import", "meta"} else 2]
        shown = run(shlex.join(["penmark", *command, "--help"]))
        assert all(word in shown for word in words if word.startswith("--")), line
