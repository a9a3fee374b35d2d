"""The commands of docs/requirements.md run as they stand, and its table names every check."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from penmark.requirements import CHECKS

PAGE = (Path(__file__).parents[2] / "docs" / "requirements.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    (text,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(text)


def test_the_commands_of_the_page_run(tmp_path: Path) -> None:
    (tmp_path / "texts.jsonl").write_text(block("json"), encoding="utf-8")
    said = []
    for line in block("console").splitlines():
        command = [sys.executable, "-m", "penmark.cli", *shlex.split(line.removeprefix("$ "))[1:]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    assert "words about=300" in said[0]
    assert "no_commas" in said[0]
    assert '"is_met": false' in said[3]


def test_the_table_of_the_page_names_every_check() -> None:
    table = PAGE.partition("## The checks")[2].partition("## Judges")[0]
    named = set(
        re.findall(r"`(\w+)`", "\n".join(row.split("|")[1] for row in table.splitlines() if row.startswith("|")))
    )
    assert named == set(CHECKS)
