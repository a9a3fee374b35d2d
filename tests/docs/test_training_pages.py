"""The commands of docs/training-data.md and docs/serving.md run as they stand, on small files and models."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
from pathlib import Path

from typer.testing import CliRunner

from mirror_texts import some_texts
from penmark.cli.app import command_tree
from servers import serving, verdict
from tiny_checkpoints import save_tiny_llama

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
REPLIES = {
    "writer-a": "An essay.",
    "writer-b": "Another text.",
    "judge": '{"score": 7, "reason": "It does what was asked."}',
}


def penmark(words: list[str], folder: Path) -> None:
    """Run a command in this process, in a folder."""
    with contextlib.chdir(folder):
        done = CliRunner().invoke(command_tree(words[0]), words)
    assert done.exit_code == 0, (words, done.output)


def run(page: str, folder: Path, url: str = "") -> int:
    """Run the page's commands in a folder; how many there were."""
    blocks = BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    for line in lines:
        penmark(shlex.split(line.replace("http://127.0.0.1:8000/v1", url))[1:], folder)
    return len(lines)


def test_the_commands_about_training_data_make_every_file_with_its_card(tmp_path: Path) -> None:
    for name, reply in REPLIES.items():
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"replies": [reply]}) + "\n", encoding="utf-8")
    rows = [{"id": t.task, "prompt": t.prompt, "text": t.text} for t in some_texts(4)]
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert run("training-data.md", tmp_path) == 10
    for name, samples in (("critic", 40), ("best", 4), ("random", 4), ("pairs", 8)):
        card = json.loads((tmp_path / f"{name}.card.json").read_text(encoding="utf-8"))
        assert card["samples"] == samples
        assert (tmp_path / f"{name}.card.md").exists()
    assert len((tmp_path / "groups.jsonl").read_text(encoding="utf-8").splitlines()) == 3 * 3


def test_the_commands_about_critics_and_reward_models_judge(tmp_path: Path) -> None:
    save_tiny_llama(tmp_path / "checkpoints" / "reward", outputs=1)
    (tmp_path / "w.jsonl").write_text('{"replies": ["An essay."]}\n', encoding="utf-8")
    penmark(shlex.split("write sample --writer scripted/w.jsonl --limit 4"), tmp_path)
    with serving(lambda prompt: verdict(7)) as server:
        assert run("serving.md", tmp_path, server.base_url) == 3
        assert server.prompts
