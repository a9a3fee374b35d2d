"""`penmark build pairs` and `groups`: texts whose order is known, to train reward models and to measure judges."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penmark.cli.build_data import OutputFlags, check_bench, finish, is_wanted, split
from penmark.cli.failure import check_writable
from penmark.cli.flags import command

if TYPE_CHECKING:
    from penmark.build.mirrored import MirrorPlan
    from penmark.build.passages import Span
    from penmark.build.texts import Text

DEMANDS, TEXTS = "Demands", "Texts"
_SPAN = re.compile(r"([1-9]\d{0,5})-([1-9]\d{0,5})")


@dataclass(kw_only=True)
class TextFlags(OutputFlags):
    """Which texts are compared, and by what demands."""

    bench: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BENCH", rich_help_panel=TEXTS, help="Whose texts in the database; may be given several times."
        ),
    ] = None
    texts: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=TEXTS,
            help="JSONL file of texts: prompt, response, maybe task and writer; several times.",
        ),
    ] = None
    writer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=TEXTS,
            help="Only the texts of this writer; may be given several times. By writer: the better, then the worse.",
        ),
    ] = None
    language: Annotated[
        Literal["en", "zh"] | None,
        typer.Option(rich_help_panel=TEXTS, help="Only texts in this language.", show_default="both, as many of each"),
    ] = None
    passages: Annotated[
        str | None,
        typer.Option(
            metavar="MIN-MAX",
            rich_help_panel=TEXTS,
            help="Take passages of so many words, of whole sentences, instead of whole texts, such as 20-40.",
        ),
    ] = None
    closeness: Annotated[
        float, typer.Option(min=1, metavar="X", help="The longer text has at most X times the words of the other.")
    ] = 1.25
    sort: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=DEMANDS,
            help="Only demands of this sort, such as includes; may be given several times.",
        ),
    ] = None


@dataclass(kw_only=True)
class PairsFlags(TextFlags):
    """Options of `penmark build pairs`."""

    by: Annotated[
        Literal["mirrored", "dropout", "writer"],
        typer.Option(
            help="Mirrored pairs of real texts; groups as `penmark weval build` makes them; the text of one writer "
            "before that of another."
        ),
    ] = "mirrored"
    couples: Annotated[
        int, typer.Option(min=1, metavar="N", help="Mirrored couples, each two pairs; every language has as many.")
    ] = 500
    most_broken: Annotated[
        int,
        typer.Option(
            min=1,
            max=6,
            metavar="K",
            rich_help_panel=DEMANDS,
            help="Demands the rejected text breaks: 1 to K, each as often.",
        ),
    ] = 3


@dataclass(kw_only=True)
class GroupsFlags(TextFlags):
    """Options of `penmark build groups`."""

    groups: Annotated[int, typer.Option(min=1, metavar="N", help="Groups wanted.")] = 50
    size: Annotated[int, typer.Option(min=2, max=7, metavar="N", help="Texts of a group.")] = 5


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "pairs", PairsFlags)(pairs)
    command(app, "groups", GroupsFlags)(groups)


def pairs(flags: PairsFlags) -> None:
    """Make chosen and rejected texts for a reward model, with a data card.

    Mirrored pairs come from any texts to the same prompts, without a model: demands that tell two texts apart are read
    off them, and each text is chosen for one query and rejected for its mirror image.
    """
    check_writable(flags.output)
    if flags.by == "dropout":
        _dropout(flags)
    elif flags.by == "writer":
        _by_writer(flags)
    else:
        _mirrored(flags)


def groups(flags: GroupsFlags) -> None:
    """Make groups of real texts: one meets every demand, the next breaks one, the next two; for `penmark weval import`.

    Demands are read off the best text by rule; nothing is written, and no model is asked.
    """
    from penmark.build.real_groups import real_groups

    check_writable(flags.output)
    left_out: Counter[str] = Counter()
    plan = _plan(flags, count=flags.groups, most_broken=1)
    made = real_groups(_texts(flags), flags.size, plan, left_out)
    settings = {"groups": len(made), "size": flags.size, **_text_settings(flags)}
    finish(
        flags, [line for group in made for line in group], "groups of known order", _sources(flags), settings, left_out
    )


def _mirrored(flags: PairsFlags) -> None:
    from penmark.build.mirrored import mirrored_pairs

    made = mirrored_pairs(_texts(flags), _plan(flags, count=flags.couples, most_broken=flags.most_broken))
    settings = {"couples": flags.couples, "most_broken": flags.most_broken, **_text_settings(flags)}
    finish(flags, made.samples, "mirrored pairs", _sources(flags), settings, made.left_out)


def _by_writer(flags: PairsFlags) -> None:
    from penmark.build.writer_pairs import writer_pairs
    from penmark.errors import ConfigError

    named = flags.writer or []
    if len(named) != 2 or len(set(named)) != 2:
        raise ConfigError(
            f"--by writer takes two writers, the better one first, found {len(named)}: "
            "give --writer BETTER --writer WORSE"
        )
    left_out: Counter[str] = Counter()
    plan = _plan(flags, count=flags.couples, most_broken=1)
    samples = writer_pairs(_texts(flags), named[0], named[1], plan, left_out)
    settings = {"couples": flags.couples, **_text_settings(flags)}
    finish(flags, samples, f"{named[0]} before {named[1]}", _sources(flags), settings, left_out)


def _dropout(flags: PairsFlags) -> None:
    from penmark.build.dropout_pairs import dropout_pairs
    from penmark.errors import ConfigError
    from penmark.store import Store

    if not flags.bench or flags.texts:
        raise ConfigError("--by dropout takes groups from the database: name them with --bench BENCH")
    if flags.passages:
        raise ConfigError("--by dropout takes whole texts: leave --passages out")
    left_out: Counter[str] = Counter()
    with Store(flags.db, create=False) as store:
        for bench in flags.bench:
            check_bench(store, bench)
        found = [sample for bench in flags.bench for sample in dropout_pairs(store.db, bench, left_out)]
    samples = [sample for sample in found if is_wanted(flags, str(sample["task"]))]
    finish(flags, samples, "pairs by requirement dropout", flags.bench, {}, left_out)


def _plan(flags: TextFlags, *, count: int, most_broken: int) -> MirrorPlan:
    from penmark.build.demands import demand_sorts
    from penmark.build.mirrored import FEWEST_WORDS, MirrorPlan
    from penmark.errors import ConfigError

    sorts, known = frozenset(flags.sort or ()), demand_sorts()
    if unknown := sorted(sorts - set(known)):
        raise ConfigError(f"--sort {unknown[0]}: there is no such sort of demand; choose from {', '.join(known)}")
    if sorts and len(sorts) < most_broken:
        raise ConfigError(
            f"--sort: {len(sorts)} sorts cannot make {most_broken} broken demands, as each stands once in a "
            f"query; give --most-broken {len(sorts)}, or more sorts"
        )
    span = _span(flags.passages)
    return MirrorPlan(
        count=count,
        most_broken=most_broken,
        closeness=flags.closeness,
        seed=flags.seed,
        fewest_words=span.fewest if span else FEWEST_WORDS,
        sorts=sorts,
    )


def _span(text: str | None) -> Span | None:
    from penmark.build.passages import Span
    from penmark.errors import ConfigError

    if text is None:
        return None
    found = _SPAN.fullmatch(text)
    span = Span(int(found[1]), int(found[2])) if found else None
    if span is None or span.most < span.fewest:
        raise ConfigError(f"--passages {text!r} is no range of words; give the fewest and the most, such as 20-40")
    return span


def _texts(flags: TextFlags) -> list[Text]:
    """The texts of the files and of the benchmarks in the database, or passages of them, on the side asked for."""
    from penmark.build.passages import passages

    span = _span(flags.passages)
    found = [t for t in _written(flags) if flags.language in (None, t.language) and is_wanted(flags, t.task)]
    return found if span is None else passages(found, span, flags.seed)


def _written(flags: TextFlags) -> list[Text]:
    from penmark.build.texts import read_texts, stored_texts
    from penmark.errors import ConfigError
    from penmark.store import Store

    if not flags.bench and not flags.texts:
        raise ConfigError("name texts with --bench BENCH, as the database has them, or --texts FILE")
    found = [text for path in flags.texts or () for text in read_texts(path)]
    if flags.bench:
        with Store(flags.db, create=False) as store:
            for bench in flags.bench:
                check_bench(store, bench)
                found += stored_texts(store.db, bench, flags.writer or ())
    return found


def _text_settings(flags: TextFlags) -> dict[str, object]:
    """What a card says of how texts were taken."""
    return {
        "closeness": flags.closeness, "sorts": ", ".join(flags.sort or ()) or "all",
        "passages": flags.passages or "whole texts", **split(flags), "seed": flags.seed,
    }  # fmt: skip


def _sources(flags: TextFlags) -> list[str]:
    import hashlib

    files = [f"{p.name} (SHA-256 {hashlib.sha256(p.read_bytes()).hexdigest()[:16]})" for p in flags.texts or ()]
    return [*(flags.bench or ()), *files]
