"""Running `penmark` in tests, and the files it is given."""

from __future__ import annotations

import json
import shlex
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

ROOT = Path(__file__).parents[2]
REAL_DATA = ROOT.parent / "shared" / "data"
SEVEN = '{"score": 7, "reason": "It does what was asked."}'


@dataclass
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def ok(self) -> Done:
        assert self.code == 0, self.err or self.out
        return self

    def refused(self, *parts: str) -> str:
        """The one message of a command that changed nothing: exit 2, no traceback, nothing on standard output."""
        assert self.code == 2, (self.code, self.out, self.err)
        assert "Traceback" not in self.err + self.out
        assert self.err.count("penmark: ") == 1, self.err
        for part in parts:
            assert part in self.err, self.err
        return self.err

    def json(self):
        return json.loads(self.out)


def run_here(*words: object) -> Done:
    """Run a command in this process; the first argument may be several words, the others are one each."""
    from penmark.cli.app import command_tree

    first, *rest = words
    words = [*shlex.split(str(first)), *map(str, rest)]
    result = CliRunner().invoke(command_tree(*words[:1]), words, prog_name="penmark")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


def script(path: str, *rules: dict[str, object]) -> str:
    """A `scripted/` model that answers by these rules."""
    Path(path).write_text("".join(json.dumps(rule) + "\n" for rule in rules), encoding="utf-8")
    return f"scripted/{path}"


def writer_script(path: str, text: str = "An essay.") -> str:
    return script(path, {"replies": [text]})


def judge_script(path: str, reply: str = SEVEN, *, rules: list[dict[str, object]] | None = None) -> str:
    """A judge that gives one reply, but where one of the rules fits."""
    return script(path, *(rules or []), {"replies": [reply]})


def jsonl(path: str | Path, *rows: object, end: str = "\n") -> Path:
    text = "\n".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    Path(path).write_text(text + end, encoding="utf-8")
    return Path(path)


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def dump(path: str | Path) -> dict[str, list[str]]:
    """Every row of every table; nothing where there is no file."""
    if not Path(path).exists():
        return {}
    with closing(sqlite3.connect(path)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {table: sorted(map(repr, db.execute(f"SELECT * FROM {table}"))) for table in tables}
    return {table: rows for table, rows in found.items() if rows}


def calls(path: str | Path = "penmark.db") -> int:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT count(*) FROM calls").fetchone()[0]


def sample_rows() -> list[dict[str, object]]:
    """The packaged sample as it stands in its files, in the benchmark's order."""
    folder = ROOT / "src" / "penmark" / "benchmarks"
    both = [lines((folder / f"sample.{lang}.jsonl").read_text(encoding="utf-8")) for lang in ("en", "zh")]
    return [row for pair in zip(*both, strict=True) for row in pair]
