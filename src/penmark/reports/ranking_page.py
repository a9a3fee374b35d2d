"""How judges rank groups of known order, as one offline page.

Names of judges and benchmarks are data here: jinja2 escapes them, and the page's Content-Security-Policy forbids the
browser to run or fetch anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from penmark import __version__
from penmark.reports.html import LOW_COVERAGE, TEMPLATES, percent
from penmark.reports.plots import shade

METRICS = {
    "correlation": "Correlation",
    "il": "IL",
    "pl": "PL",
    "position_consistency": "Position consistency",
}
DASH = "–"


def write_ranking_page(found: Mapping[str, Any], path: Path) -> Path:
    """The page, written to `path`; its folder is made when missing.

    Args:
        found: bench, groups, ties and judges, as `penmark weval report --format json` gives them.
        path: where to.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "percent": percent, "usd": usd, "heat": heat}
    style = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in ("style.css", "ranking.css"))
    page = environment.get_template("ranking.html.j2").render(
        found=found,
        metrics=METRICS,
        judges=found["judges"],
        numbers=_keys(found, "by_dropped"),
        kinds=_keys(found, "by_kind"),
        low_coverage=LOW_COVERAGE,
        version=__version__,
        date=datetime.now(UTC),
        style=Markup(style),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8", errors="replace", newline="\n")
    return path


def _keys(found: Mapping[str, Any], field: str) -> list[str]:
    """What any judge has figures by, in the order they come."""
    return list(dict.fromkeys(key for judge in found["judges"].values() for key in judge[field]))


def number(value: float | None, decimals: int = 3) -> str:
    """With so many decimals; a dash where there is none."""
    return DASH if value is None else f"{value:.{decimals}f}".replace("-", "−")


def usd(value: float | None) -> str:
    """Money for one response; a dash where it is not known."""
    return DASH if value is None else "0" if value == 0 else f"{value:.2g}"


def heat(value: float) -> str:
    """CSS of a cell that holds a share, 0..1."""
    background, text = shade(value, 0.0, 1.0)
    return f"background:{background};color:{text}"
