"""`penmark train`: critics, writers, reward models and policies from recipes."""

from __future__ import annotations

import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penmark.cli.flags import command
from penmark.cli.output import print_json

if TYPE_CHECKING:
    from penmark.train.dry_run import Look
    from penmark.train.recipe import Method, Recipe

app = typer.Typer(help="Training critics, writers, reward models and policies.", no_args_is_help=True)


def register(tree: typer.Typer) -> None:
    """Add the commands of this file."""
    tree.add_typer(app, name="train")


@app.callback()
def root() -> None:
    """Training critics, writers, reward models and policies."""


@dataclass(kw_only=True)
class TrainFlags:
    """Options of `penmark train ...`."""

    config: Annotated[Path, typer.Option(metavar="FILE", help="Recipe, such as recipes/tiny-reward.toml.")]
    model: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Base model: a Hugging Face folder, or embedded.", show_default="recipe's"),
    ] = None
    data: Annotated[Path | None, typer.Option(metavar="FILE", help="JSONL to train on.", show_default="recipe's")] = (
        None
    )
    held_out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSONL to evaluate on.", show_default="recipe's, or a split")
    ] = None
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Where to.", show_default="runs/NAME")
    ] = None
    set: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Another value for a setting, such as optimizer.steps=20; repeatable."),
    ] = None
    seed: Annotated[int | None, typer.Option(metavar="N", help="Seed.", show_default="recipe's")] = None
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in the output folder from its last checkpoint.")
    ] = False
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show settings, updates, memory and what is missing; train nothing.")
    ] = False
    launcher: Annotated[
        Literal["accelerate", "deepspeed"] | None,
        typer.Option(help="Start one process for each GPU by this program."),
    ] = None
    json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False

    def changes(self) -> list[str]:
        """All settings that are given here instead of in the recipe."""
        given = {
            "model.base": self.model,
            "data.train": self.data,
            "data.held_out": self.held_out,
            "output": self.output,
        }
        named = [f"{key}={_quoted(str(value))}" for key, value in given.items() if value is not None]
        seed = [] if self.seed is None else [f"seed={self.seed}"]
        return [*named, *seed, *(self.set or ())]

    def arguments(self, method: str) -> list[str]:
        """The words that say the same to another process, without the launcher."""
        words = ["train", method, "--config", str(self.config)]
        words += [word for change in self.changes() for word in ("--set", change)]
        switches = {"--resume": self.resume, "--json": self.json}
        return words + [name for name, is_on in switches.items() if is_on]


def critic(flags: TrainFlags) -> None:
    """Train a critic on judgments: dialogues whose answer is a score and a reason.

    Data: `penmark build critic-data`.
    """
    _train("critic", flags)


def writer(flags: TrainFlags) -> None:
    """Train a writer on selected texts.

    Data: `penmark build select`, then `penmark build sft`.
    """
    _train("writer", flags)


def reward(flags: TrainFlags) -> None:
    """Train a reward model on pairs, by the Bradley-Terry loss.

    Data: `penmark build pairs`.
    """
    _train("reward", flags)


def grpo(flags: TrainFlags) -> None:
    """Train a policy by its own texts, rewarded by any judges.

    Data: prompts with their requirements. Unscored texts are masked; judges that are no part of the reward watch.
    """
    _train("grpo", flags)


def _train(method: Method, flags: TrainFlags) -> None:
    from penmark.folders import cache_folder
    from penmark.train.base_model import with_embedded
    from penmark.train.read_recipe import read_recipe

    recipe = with_embedded(read_recipe(flags.config, method, flags.changes()), cache_folder() / "models")
    if flags.dry_run:
        _show(recipe, flags)
    elif flags.launcher is not None:
        _launch(recipe, flags)
    else:
        _run(recipe, flags)


def _run(recipe: Recipe, flags: TrainFlags) -> None:
    from penmark.train.base_model import check_libraries
    from penmark.train.launch import rank

    check_libraries()
    from penmark.train.run import run

    outcome = run(recipe, resume=flags.resume, tell=lambda text: print(text, file=sys.stderr, flush=True))
    if rank() > 0:
        return
    if flags.json:
        print_json({"folder": str(outcome.folder), "figures": outcome.figures, "commands": outcome.commands})
        return
    print(f"trained: {outcome.folder}/ holds the model, its card (README.md), metrics, curves and figures.json")
    print("use it:")
    for line in outcome.commands:
        print(f"  {line}")


def _launch(recipe: Recipe, flags: TrainFlags) -> None:
    from penmark.train.launch import check_launcher, write_zero_file

    line = _launch_line(recipe, flags)
    check_launcher(line[0], recipe)  # type: ignore[arg-type]  # One of the two launchers.
    write_zero_file(recipe)
    print(shlex.join(line), file=sys.stderr)
    code = subprocess.run(line, check=False).returncode
    if code:
        raise typer.Exit(code)


def _launch_line(recipe: Recipe, flags: TrainFlags) -> list[str]:
    from penmark.train.launch import launch_command

    assert flags.launcher is not None
    return launch_command(flags.launcher, recipe, flags.arguments(recipe.method))


def _show(recipe: Recipe, flags: TrainFlags) -> None:
    """Print what a run would be."""
    from penmark.train.dry_run import look
    from penmark.train.launch import zero_settings

    seen = look(recipe)
    line = _launch_line(recipe, flags) if flags.launcher else []
    zero = zero_settings(recipe) if recipe.hardware.zero_stage else None
    if flags.json:
        print_json(_as_json(seen) | {"command": line, "deepspeed": zero})
        return
    for key, value in seen.settings.items():
        if value is not None:
            print(f"{key} = {value}")
    print()
    for text in seen.plan:
        print(text)
    if line:
        print(f"command: {shlex.join(line)}")
    if zero:
        print(f"DeepSpeed, written to {recipe.folder}/deepspeed.json: {zero}")
    print("ready" if not seen.missing else "the recipe is valid; before it can run:")
    for text in seen.missing:
        print(f"  {text}")


def _as_json(seen: Look) -> dict[str, object]:
    return {
        "settings": seen.settings,
        "samples": seen.takes.samples,
        "updates": seen.takes.updates,
        "memory_gb": {**seen.takes.memory_gb, "total": seen.takes.total_gb},
        "disk_gb": seen.takes.disk_gb,
        "ready": not seen.missing,
        "missing": seen.missing,
    }


def _quoted(text: str) -> str:
    """A text as TOML writes it."""
    import json

    return json.dumps(text, ensure_ascii=False)


for _method in (critic, writer, reward, grpo):
    command(app, _method.__name__, TrainFlags)(_method)
