"""Node weights as a user writes them: "content=4,format=3", or a TOML file."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from penmark.errors import ConfigError, DataError
from penmark.metaeval.judged import under


def read_weights(text: str) -> dict[str, float]:
    """Weight by node path.

    Args:
        text: "PATH=WEIGHT,PATH=WEIGHT", or a TOML file of such lines, whose tables stand for branches.

    Raises:
        ConfigError: when it is neither, or a weight is negative or no number.
        DataError: when the file is not TOML.
    """
    found = dict(_from_file(Path(text))) if text.endswith(".toml") else _from_text(text)
    for path, weight in found.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight) or weight < 0:
            raise ConfigError(f"the weight of {path!r} is {weight!r}; give a number above 0, or 0 to leave it out")
    if not found:
        raise ConfigError(f"no weights in {text!r}; give such as content=4,format=3 or a TOML file of such lines")
    return {path: float(str(weight)) for path, weight in found.items()}


def _from_text(text: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for part in filter(str.strip, text.split(",")):
        path, _, weight = part.rpartition("=")
        try:
            found[path.strip()] = float(weight)
        except ValueError:
            raise ConfigError(
                f"{part!r} is no weight; give such as content=4,format=3 or, for names with commas, a TOML file"
            ) from None
    return found


def _from_file(path: Path) -> Iterator[tuple[str, object]]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); name a TOML file with --weights") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f'{path}: {error}; write a line such as "content/logic" = 2 for each node') from error
    return _flat(values, "")


def _flat(values: Mapping[str, object], above: str) -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        path = under(above, name)
        if isinstance(value, dict):
            yield from _flat(value, path)
        else:
            yield path, value
