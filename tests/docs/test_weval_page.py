"""The path of docs/weval.md runs as it stands, and its figures are the ones it says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "weval.md").read_text(encoding="utf-8")
FILES = ("script.jsonl", "constant.jsonl", "swapped.jsonl")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Every command of the page in an empty folder, with what it printed."""
    from contextlib import chdir

    from typer.testing import CliRunner

    from penmark.cli.app import command_tree

    folder = tmp_path_factory.mktemp("weval")
    texts = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for name, text in zip(FILES, texts, strict=True):
        (folder / name).write_text(text, encoding="utf-8")
    found = {}
    with chdir(folder):
        for block in re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
            for line in block.splitlines():
                command = line.removeprefix("$ penmark ")
                done = CliRunner().invoke(command_tree("weval"), shlex.split(command))
                assert done.exit_code == 0, (line, done.stderr)
                found[command] = done.stdout
    return folder, found


def values(found, command):
    figures = json.loads(found[command])
    return [figures[name]["value"] for name in ("correlation", "il", "pl", "position_consistency")], figures


def test_five_judges_rank_the_sample_beside_what_they_must_be_compared_with(ran):
    folder, _ = ran
    judges = json.loads((folder / "weval.json").read_text(encoding="utf-8"))["judges"]
    assert {"golden", "length", "constant", "rules", "length-score"} <= judges.keys()
    for judge in ("constraints", "rubric", "static"):
        assert {f"{judge}@scripted/script.jsonl", f"{judge}@scripted/script.jsonl (blind)"} <= judges.keys()
    assert judges["golden"]["groups"] == 4
    assert judges["golden"]["correlation"]["value"] == 1
    # 9 > 8 = 8 > 4 = 4: eight pairs right, two tied.
    assert judges["rubric@scripted/script.jsonl"]["correlation"]["value"] == pytest.approx(0.8)
    assert judges["rubric@scripted/script.jsonl"]["tie_rate"] == pytest.approx(0.2)
    assert all(judge["coverage"] == 1 for judge in judges.values())
    assert "Where each judge puts the responses" in (folder / "weval.html").read_text(encoding="utf-8")
    assert len((folder / "groups.jsonl").read_text(encoding="utf-8").splitlines()) == 20


def test_ties_broken_by_the_answer_key_make_a_judge_without_opinion_perfect(ran):
    figures, found = values(ran[1], "weval metrics constant.jsonl --json")
    assert figures == pytest.approx([0, 0.2, 1 / 120, 0.6])
    assert found["tie_rate"] == 1
    assert values(ran[1], "weval metrics constant.jsonl --json --ties upstream")[0] == [1, 1, 1, 1]


def test_the_published_il_is_position_consistency(ran):
    figures, _ = values(ran[1], "weval metrics swapped.jsonl --json")
    assert figures == pytest.approx([0.9, 0.8, 0.5, 0.95])
    assert round(60.9 + 39.1 * 0.6, 1) == 84.4
