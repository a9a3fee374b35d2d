"""Options that several commands share, declared once as dataclasses; a command's options are one such class."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_type_hints

import typer
from typer.models import OptionInfo

from penmark.cli.failure import told

if TYPE_CHECKING:
    from penmark.evaluate.budget import Budget
    from penmark.protocols import ModelOptions, Sampling

Flags = TypeVar("Flags")

# Panels of --help.
FILES = "Files"
CALLS = "Calls"
SAMPLING = "Sampling"
USUAL = "the benchmark's or judge's"

# What is looked at when nothing is named.
JudgedBench = Annotated[
    str | None, typer.Option(metavar="BENCH", help="Which benchmark.", show_default="the newest judged")
]
NewestJudge = Annotated[
    str | None, typer.Option(metavar="NAME", help="Which judge, by its name here.", show_default="the newest")
]


def command(
    app: typer.Typer, name: str, flags: type[Flags]
) -> Callable[[Callable[[Flags], None]], Callable[..., None]]:
    """Register a function of one options object as a command: each field of its class becomes an option."""

    def register(function: Callable[[Flags], None]) -> Callable[..., None]:
        def run(**values: Any) -> None:  # noqa: ANN401  Typer hands over what the fields declare.
            with told():
                function(flags(**values))

        run.__doc__ = function.__doc__
        run.__signature__ = _signature(flags)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in _signature(flags).parameters.values()}
        app.command(name)(run)
        return run

    return register


def _signature(flags: type[Any]) -> inspect.Signature:
    """Arguments and required options first, then a command's own options, then the shared ones by group."""
    hints = get_type_hints(flags, include_extras=True)
    by_name = {field.name: field for field in fields(flags)}
    own_first = dict.fromkeys(name for part in flags.__mro__ for name in inspect.get_annotations(part))
    ordered = sorted((by_name[name] for name in own_first), key=lambda field: field.default is not MISSING)
    return inspect.Signature([_parameter(field, hints[field.name]) for field in ordered])


def _parameter(field: Field[Any], annotation: object) -> inspect.Parameter:
    """The field as typer reads it; a switch takes no value, so none is shown."""
    for info in getattr(annotation, "__metadata__", ()):
        if isinstance(info, OptionInfo) and get_args(annotation)[0] is bool:
            info.metavar = ""
    default = inspect.Parameter.empty if field.default is MISSING else field.default
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


@dataclass(kw_only=True)
class DbFlags:
    """Which database."""

    db: Annotated[
        Path, typer.Option(metavar="FILE", help="Database file.", envvar="PENMARK_DB", rich_help_panel=FILES)
    ] = Path("penmark.db")


@dataclass(kw_only=True)
class DataFlags:
    """Where benchmark files are."""

    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder with benchmark files.",
            show_default="$PENMARK_DATA, else ~/.local/share/penmark",
            rich_help_panel=FILES,
        ),
    ] = None


@dataclass(kw_only=True)
class CallFlags:
    """How models are called."""

    base_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL", rich_help_panel=CALLS, help="OpenAI-compatible endpoint.", show_default="$OPENAI_BASE_URL"
        ),
    ] = None
    connections: Annotated[
        int, typer.Option(min=1, metavar="N", rich_help_panel=CALLS, help="Calls in flight at most.")
    ] = 32
    timeout: Annotated[
        float, typer.Option(min=0.01, metavar="SECONDS", rich_help_panel=CALLS, help="Time limit of one call.")
    ] = 600.0
    max_calls: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", rich_help_panel=CALLS, help="Stop after this many calls, retries included."),
    ] = None
    max_tokens: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", rich_help_panel=CALLS, help="Stop after this many tokens, sent and received."),
    ] = None
    max_cost: Annotated[
        float | None,
        typer.Option(min=0, metavar="USD", rich_help_panel=CALLS, help="Stop when this much money is spent."),
    ] = None
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", rich_help_panel=CALLS, help="Say how many calls, tokens and dollars; send nothing."),
    ] = False
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", rich_help_panel=CALLS, help="Append the progress as JSON lines to this file."),
    ] = None
    structured: Annotated[
        bool,
        typer.Option(
            "--structured", rich_help_panel=CALLS, help="Hold verdicts to a JSON schema; the endpoint must support it."
        ),
    ] = False
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", rich_help_panel=CALLS, help="Sampling seed, for endpoints that take one."),
    ] = None
    min_coverage: Annotated[
        float,
        typer.Option(
            min=0, max=1, metavar="SHARE", rich_help_panel=CALLS, help="Exit with 3 when less than this could be had."
        ),
    ] = 0.98

    def budget(self) -> Budget:
        """A fresh budget with these limits."""
        from penmark.evaluate.budget import Budget

        return Budget(max_calls=self.max_calls, max_tokens=self.max_tokens, max_cost_usd=self.max_cost)

    def model_options(self) -> ModelOptions:
        """Where and how the model runs."""
        from penmark.protocols import ModelOptions

        return ModelOptions(base_url=self.base_url, timeout_s=self.timeout, structured=self.structured)


@dataclass(kw_only=True)
class SamplingFlags:
    """Sampling settings instead of the usual ones."""

    temperature: Annotated[
        float | None,
        typer.Option(min=0, metavar="X", rich_help_panel=SAMPLING, help="Temperature.", show_default=USUAL),
    ] = None
    top_p: Annotated[
        float | None,
        typer.Option(min=0, max=1, metavar="X", rich_help_panel=SAMPLING, help="Nucleus.", show_default=USUAL),
    ] = None
    top_k: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", rich_help_panel=SAMPLING, help="Likeliest tokens.", show_default=USUAL),
    ] = None
    max_output_tokens: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", rich_help_panel=SAMPLING, help="Longest output, tokens.", show_default=USUAL),
    ] = None

    def sampling(self, seed: int | None) -> Sampling:
        """What was asked for; None where nothing was."""
        from penmark.protocols import Sampling

        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            max_tokens=self.max_output_tokens,
            seed=seed,
        )
