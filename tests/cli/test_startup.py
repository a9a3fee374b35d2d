"""`penmark --help` is instant, and every command explains itself."""

import importlib.metadata
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer.main
from commands import run_here

from penmark.cli.app import FILES, command_tree

HEAVY = {"torch", "polars", "altair", "numpy", "scipy", "aiohttp", "pydantic", "jinja2", "xlsxwriter", "sqlite3"}
BEST_OF = 7
MOST_S = 0.3


def every_command(group=None, path=()):
    group = group or typer.main.get_command(command_tree())
    yield path
    for name, command in getattr(group, "commands", {}).items():
        yield from every_command(command, (*path, name))


COMMANDS = list(every_command())


@pytest.mark.parametrize("name", FILES)
def test_a_command_is_found_in_the_file_that_is_said_to_have_it(name):
    assert name in typer.main.get_command(command_tree(name)).commands


def test_the_list_of_files_has_every_command():
    assert sorted(typer.main.get_command(command_tree()).commands) == sorted(FILES)


def test_importing_the_command_line_loads_nothing_heavy():
    script = "import sys; from penmark.cli.app import FILES, command_tree; command_tree()"
    script += "; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stdout.split()) == set()


def seconds(*command):
    """What the command takes on an idle machine: its own CPU time where that is less than the time that went by.

    It runs one thread and waits for nothing, so the two differ only by what other programs take meanwhile.
    """
    before, started = os.times(), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    passed, after = time.perf_counter() - started, os.times()
    assert "Usage: penmark" in done.stdout
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return min(passed, cpu or passed)


def test_help_takes_less_than_0_3_seconds():
    installed = Path(sys.executable).with_name("penmark")
    command = [str(installed)] if installed.exists() else [sys.executable, "-m", "penmark.cli"]
    assert min(seconds(*command, "--help") for _ in range(BEST_OF)) < MOST_S


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_answers_help(path):
    done = run_here("", *path, "--help").ok()
    assert f"Usage: penmark {' '.join(path)}".rstrip() in done.out
    assert "<bool>" not in done.out.replace("--help", "").split("Options")[0]


@pytest.mark.parametrize("path", [path for path in COMMANDS if path], ids=" ".join)
def test_every_option_says_what_it_is_and_required_ones_come_first(path):
    command = typer.main.get_command(command_tree())
    for name in path:
        command = command.commands[name]
    own = [param for param in command.params if param.name != "help"]
    assert command.help
    assert [p.name for p in own if not p.help] == []
    required = [p.required for p in own]
    assert required == sorted(required, reverse=True)


def test_the_commands_of_the_design_are_there():
    assert {"quickstart", "run", "write", "judge", "report", "import", "export", "bench", "judges", "runs"} <= {
        path[0] for path in COMMANDS if path
    }
    assert {("import", "responses"), ("import", "scores"), ("export", "responses"), ("export", "scores"),
            ("export", "judgments"), ("bench", "list"), ("bench", "info"), ("bench", "fetch"), ("bench", "check"),
            ("judges", "list"), ("judges", "info"), ("runs", "list"), ("runs", "show")} <= set(COMMANDS)  # fmt: skip


def test_the_version_is_the_packages():
    assert run_here("--version").ok().out.strip() == importlib.metadata.version("penmark")


def test_python_m_is_the_same_command():
    done = subprocess.run([sys.executable, "-m", "penmark.cli"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Usage: penmark [OPTIONS] COMMAND" in done.stdout + done.stderr
