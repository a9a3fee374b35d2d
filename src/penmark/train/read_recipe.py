"""Reading recipes: every mistake of a file with its key, what stands there and what to do."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from penmark.errors import ConfigError
from penmark.train.recipe import Method, Recipe

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def read_recipe(path: Path, method: Method, changes: Sequence[str] = ()) -> Recipe:
    """The recipe of a file, with settings changed.

    Args:
        path: a TOML file.
        method: what it must be for.
        changes: such as `optimizer.steps=20`; the value is TOML, or text where it is not.

    Raises:
        ConfigError: naming each key that is wrong.
    """
    values = _read_toml(path)
    for change in changes:
        _apply(values, change)
    try:
        recipe = Recipe.model_validate(values)
    except ValidationError as error:
        raise ConfigError("\n".join(_explained(path, mistake) for mistake in error.errors())) from error
    if recipe.method != method:
        raise ConfigError(
            f"{path}: a recipe for {recipe.method!r}; run `penmark train {recipe.method} --config {path}`"
        )
    return recipe


def flat(recipe: BaseModel) -> dict[str, object]:
    """Every setting by its dotted key, defaults included; JSON values."""
    return dict(_flat("", recipe.model_dump(mode="json")))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        # Some editors put a byte order mark first, which TOML does not know.
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name a recipe with --config, such as one of recipes/") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 ({error.reason}); save the file as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}; correct it there") from error


def _apply(values: dict[str, Any], change: str) -> None:
    """Set one dotted key."""
    key, equals, text = change.partition("=")
    *tables, last = key.strip().split(".")
    if not equals or not last:
        raise ConfigError(f"--set {change}: expected KEY=VALUE, such as optimizer.steps=20")
    place = values
    for table in tables:
        place = place.setdefault(table, {})
        if not isinstance(place, dict):
            raise ConfigError(f"--set {change}: {table!r} is no table; change it in the recipe")
    place[last] = _toml_value(text)
    # How long a run is has two keys, of which a recipe gives one; naming the other takes its place.
    if tables == ["optimizer"] and last in ("steps", "epochs"):
        place.pop("epochs" if last == "steps" else "steps", None)


def _toml_value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _explained(path: Path, mistake: ErrorDetails) -> str:
    """One line: the key, what was found and what to do."""
    where = mistake["loc"]
    key = ".".join(map(str, where)) or "recipe"
    kind = mistake["type"]
    if kind == "extra_forbidden":
        return f"{path}: {key}: no such setting{_nearest(where)}; delete it or correct its name"
    if kind == "missing":
        return f"{path}: {key}: missing; add it"
    if kind == "value_error":
        return f"{path}: {key}: {mistake['ctx']['error']}"
    found = mistake["input"]
    return f"{path}: {key}: found {found!r}; {mistake['msg'][:1].lower()}{mistake['msg'][1:]}"


def _nearest(where: Sequence[int | str]) -> str:
    known = _keys_beside(Recipe, [part for part in where if isinstance(part, str)])
    near = get_close_matches(str(where[-1]), known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _keys_beside(part: type[BaseModel], names: Sequence[str]) -> list[str]:
    """The settings of the table a key stands in."""
    for name in names[:-1]:
        found = part.model_fields.get(name)
        parts = [] if found is None else list(_parts_in(found.annotation))
        if not parts:
            return []
        part = parts[0]
    return list(part.model_fields)


def _parts_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _parts_in(inner)


def _flat(prefix: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), inner)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for index, inner in enumerate(value):
            yield from _flat(f"{prefix}[{index}]", inner)
    else:
        yield prefix, value
