"""The example of docs/trust.md runs as it stands."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "trust.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    (text,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return text


def test_the_example_of_the_page_runs(tmp_path: Path) -> None:
    (tmp_path / "replies.jsonl").write_text(block("json"), encoding="utf-8")
    for line in block("console").splitlines():
        command = [sys.executable, "-m", "penmark.cli", *shlex.split(line.removeprefix("$ "))[1:]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
    page = (tmp_path / "robustness.html").read_text(encoding="utf-8")
    assert "bleu" in page
    assert "tag bad" in page
