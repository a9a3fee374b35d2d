"""The robustness table as one offline page, from the plain values of `metaeval.robustness.as_json`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from penmark import __version__
from penmark.reports.html import TEMPLATES


def write_page(values: Mapping[str, Any], path: Path) -> None:
    """Write the page; names of judges and benchmarks are data and are escaped."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["signed"] = signed
    page = environment.get_template("robustness.html.j2").render(
        made=values,
        style=Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),
        version=__version__,
        date=datetime.now(UTC),
    )
    path.write_text(page, encoding="utf-8", newline="\n")


def signed(value: float | None) -> str:
    """Two decimals, one above 100, with a sign; a dash where there is none."""
    return "–" if value is None else f"{value:+,.{1 if abs(value) >= 100 else 2}f}".replace("-", "−")
