"""Names to modules: a benchmark, judge or model is one file, found by its file name, imported when asked for.

Packages elsewhere add theirs under the entry-point groups `penmark.benchmarks`, `penmark.judges` and
`penmark.models`; each entry point names a module of the same shape.
"""

from __future__ import annotations

import importlib
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal

from penmark.errors import ConfigError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Kind = Literal["benchmarks", "judges", "models"]

# Files of these packages that are machinery, not entries.
MACHINERY: dict[str, set[str]] = {
    "benchmarks": {"fetch", "criteria", "exchange", "task_files"},
    "judges": set(),
    "models": {"prices", "reply"},
}


def names(kind: Kind) -> list[str]:
    """Every known id of this kind, sorted, without importing any."""
    from importlib.metadata import entry_points

    return sorted(_packaged(kind) | {point.name for point in entry_points(group=f"penmark.{kind}")})


def load(kind: Kind, name: str) -> ModuleType:
    """The module behind an id. What penmark brings itself cannot be replaced by a plug-in.

    Raises:
        ConfigError: when there is none, naming the nearest and all known ones; or when a plug-in is broken.
    """
    if name in _packaged(kind):
        return importlib.import_module(f"penmark.{kind}.{name.replace('-', '_')}")
    from importlib.metadata import entry_points  # Slow to load, and seldom needed.

    for point in entry_points(group=f"penmark.{kind}", name=name):
        return _plug_in(kind, point)
    known = names(kind)
    near = "".join(f"; did you mean {match!r}?" for match in get_close_matches(name, known, n=1))
    raise ConfigError(f"no {kind.removesuffix('s')} {name!r}{near}; known: {', '.join(known)}")


def _packaged(kind: Kind) -> set[str]:
    spec = find_spec(f"penmark.{kind}")
    folders = (spec.submodule_search_locations or []) if spec else []
    files = {path.stem for folder in folders for path in Path(folder).glob("*.py") if not path.stem.startswith("_")}
    return {stem.replace("_", "-") for stem in files - MACHINERY[kind]}


def _plug_in(kind: Kind, point: EntryPoint) -> ModuleType:
    try:
        module = point.load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"plug-in {point.value!r} for {kind} {point.name!r} cannot be imported: {error}; reinstall its package"
        ) from error
    if not isinstance(module, ModuleType):
        raise ConfigError(f"plug-in {point.value!r} for {kind} {point.name!r} is not a module")
    return module
