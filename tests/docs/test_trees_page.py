"""The example of docs/trees.md runs as it stands, and comes to the score it says."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from penmark.judges._tree_entries import Leaf, Node, Root, TreeEntry

PAGE = (Path(__file__).parents[2] / "docs" / "trees.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    (text,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return text


def test_the_tree_of_the_page_is_scored_as_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "letters.toml").write_text(block("toml"), encoding="utf-8")
    (tmp_path / "replies.jsonl").write_text(block("json"), encoding="utf-8")
    for line in block("console").splitlines():
        command = [sys.executable, "-m", "penmark.cli", *shlex.split(line.removeprefix("$ "))[1:]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
    rows = map(json.loads, (tmp_path / "judgments.jsonl").read_text(encoding="utf-8").splitlines())
    judged: dict[str, dict[str, float]] = {}
    for row in rows:
        judged.setdefault(row["task"], {})[row["node"]] = row["score"]
    assert len(judged) == 2
    for scores in judged.values():
        assert scores["matter"] == pytest.approx(8)
        assert scores["tone"] == 4
        assert scores[""] == pytest.approx((3 * 8 + 2 * 5 + scores["layout"]) / 6)
    assert round((3 * 8 + 2 * 5 + 10) / 6, 2) == 7.33


@pytest.mark.parametrize("entry", [Root, Node, Leaf, TreeEntry])
def test_the_page_names_every_setting(entry: type[Leaf]) -> None:
    table = PAGE.partition("## Settings")[2]
    for setting in entry.model_fields.keys() - {"root", "node", "leaf"}:
        assert f"`{setting}`" in table
