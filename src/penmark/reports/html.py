"""The report as one offline page, or a page with a folder of data files when it would grow too large.

Everything a model, a judge or a benchmark wrote is data here: jinja2 escapes what stands in the page, the
drill-down's JSON is made safe by `embed` and put in place by `textContent` alone, and the page's
Content-Security-Policy forbids the browser to fetch anything from a network.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from penmark import __version__
from penmark.records import REQUIREMENT_KINDS
from penmark.reports.drilldown import responses_with_judgments
from penmark.reports.embed import Pieces, safe_json
from penmark.reports.figures import (
    LEAF_STATUSES,
    LENGTH_BUCKETS,
    OPTIONAL_TAGS,
    SHARED_CALLS,
    TAG_TITLES,
    WHOLE,
    Figure,
    JudgeFigures,
    Report,
    decimals_of,
)
from penmark.reports.plots import MAX_CURVES, length_curves, shade
from penmark.reports.weights import MAX_GENRES, label, weight_boxes
from penmark.store import Store

TEMPLATES = Path(__file__).parent / "templates"
DATA_MARK = "<!--penmark-data-->"  # Stands once in the page: any other "<" of a text is escaped.
LOW_COVERAGE = 0.98
FEW_QUERIES = 5  # below this a cell's mean is shown as little more than an example
LANGUAGES = {"zh": "Chinese", "en": "English"}
FULL_SCALE = 10  # points of a full score before `Report.scale`


def write_html(report: Report, store: Store, path: Path, *, max_bytes: int = 20_000_000) -> Path:
    """The file to open: `path`, with everything inside or with `<stem>-responses/` beside it.

    Args:
        report: the figures; the drill-down shows the responses of its writers.
        store: where the texts and verdicts are.
        path: the page to write; its folder is made when missing.
        max_bytes: largest page that is written as one file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    writers = [writer.name for writer in report.writers]
    curves = length_curves(report)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".penmark-") as folder:
        pieces = Pieces(Path(folder), writers, factor=report.scale / FULL_SCALE if report.scale else 1.0)
        if writers:
            pieces.add_all(responses_with_judgments(store, report.bench, report.judge, writers))
        index = safe_json(pieces.index())
        page = _page(report, curves, folder="")
        data_folder = path.parent / f"{path.stem}-responses"
        _clear(data_folder)
        inside = pieces.files
        if sum(len(text.encode("utf-8", "replace")) for text in (page, index)) + pieces.size_bytes > max_bytes:
            _write_data_files(pieces, data_folder)
            page, inside = _page(report, curves, folder=data_folder.name), []
        whole = Path(folder) / "page.html"
        with whole.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
            _write_page(file, page, index, inside)
        whole.replace(path)
    return path


def _clear(folder: Path) -> None:
    """Remove what an earlier report left here, and nothing else."""
    if folder.is_dir():
        for file in folder.glob("responses-*.js"):
            file.unlink()
        if not any(folder.iterdir()):
            folder.rmdir()


def _write_data_files(pieces: Pieces, folder: Path) -> None:
    """Scripts rather than JSON files: a page opened from a disk may load the one but not the other."""
    folder.mkdir(exist_ok=True)
    for number, piece in enumerate(pieces.files):
        script = f"penmarkPiece({number}, {piece.read_text(encoding='utf-8')});\n"
        (folder / f"responses-{number}.js").write_text(script, encoding="utf-8", newline="\n")


def _write_page(file: TextIO, page: str, index: str, pieces: list[Path]) -> None:
    before, _, after = page.partition(DATA_MARK)
    file.write(before)
    file.write(_json_element("penmark-index", index))
    for number, piece in enumerate(pieces):
        file.write(_json_element(f"penmark-piece-{number}", piece.read_text(encoding="utf-8")))
    file.write(after)


def _json_element(name: str, text: str) -> str:
    return f'<script type="application/json" id="{name}">{text}</script>\n'


def _page(report: Report, curves: str, folder: str) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": Numbers(report.scale).number,
        "signed": Numbers(report.scale).signed,
        "percent": percent,
        "key": lambda value: json.dumps(value, ensure_ascii=False),
        "count": "{:,}".format,
        "on_scale_of": on_scale_of,
        "weight": lambda share: f"{100 * share:.1f}%".replace("-", "−"),
        "node_label": label,
    }
    return environment.get_template("report.html.j2").render(
        report=report,
        folder=folder,
        curves=Markup(curves),  # made by plots.py; Vega escapes the names in it
        style=Markup(_template("style.css")),
        script=Markup(_template("tree.js") + _template("drilldown.js")),
        heat=Heat.of(_cells(report)),
        judge_heats={judge.name: Heat.of(judge.writers.values()) for judge in report.judges},
        interval_axis=Axis.of(report),
        **_facts(report),
    )


def _template(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _facts(report: Report) -> dict[str, Any]:
    """What the template shows besides the figures."""
    kinds = [k for k in REQUIREMENT_KINDS if any(writer.is_asked(k) for writer in report.writers)]
    found = dict.fromkeys(code for writer in report.writers for code in writer.tags["language"])
    return {
        "version": __version__,
        "date": datetime.now(UTC),
        "kinds": kinds,
        "languages": {code: LANGUAGES.get(code, code) for code in found},
        "tables": {tag: TAG_TITLES[tag] for tag in OPTIONAL_TAGS if any(tag in w.tags for w in report.writers)},
        "failing_leaves": any(leaf.missing for leaf in report.leaves),
        "leaf_statuses": LEAF_STATUSES,
        "shared_calls": SHARED_CALLS,
        "whole": WHOLE,
        "buckets": LENGTH_BUCKETS,
        "max_curves": MAX_CURVES,
        "max_genres": MAX_GENRES,
        "weight_boxes": Markup(weight_boxes(report.weights)) if report.weights else "",  # made here, as the curves are
        "low_coverage": LOW_COVERAGE,
        "few_queries": FEW_QUERIES,
        "judge_facts": _definitions(report.judge_spec),
        "writer_facts": {name: _definitions(spec) for name, spec in report.writer_specs.items()},
    }


def _definitions(spec: Mapping[str, object]) -> dict[str, str]:
    """A specification as terms and texts, without what is not set."""
    shown = {term: value for term, value in spec.items() if value not in (None, "", [], {})}
    return {term.replace("_", " "): _in_words(value) for term, value in shown.items()}


def _in_words(value: object) -> str:
    if isinstance(value, dict) and not any(isinstance(v, (dict, list)) for v in value.values()):
        return ", ".join(f"{term} {_in_words(v)}" for term, v in value.items() if v is not None)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def percent(share: float) -> str:
    """A share in percent, rounded down: 100% only when nothing is missing."""
    tenths = math.floor(share * 1000 + 1e-9)
    return f"{tenths / 10:.1f}%" if tenths % 10 else f"{tenths // 10}%"


@dataclass(frozen=True, slots=True)
class Numbers:
    """How numbers on one scale are written."""

    scale: int | None

    def number(self, value: float | None) -> str:
        """With as many decimals as the scale is worth; a dash when there is none."""
        if value is None:
            return "–"
        return f"{value:,.{decimals_of(value, self.scale)}f}".replace("-", "−")

    def signed(self, value: float | None) -> str:
        """Like `number`, with its sign."""
        return f"+{self.number(value)}" if value is not None and value > 0 else self.number(value)


def on_scale_of(value: float | None, judge: JudgeFigures) -> str:
    """A mean by one of several judges, as many decimals as its scale is worth; a dash when there is none."""
    return "–" if value is None else f"{value:,.{judge.decimals}f}".replace("-", "−")


@dataclass(frozen=True, slots=True)
class Axis:
    """The stretch of the scale that the leaderboard's bars show."""

    low: float
    high: float

    @classmethod
    def of(cls, report: Report) -> Axis:
        """From just below the lowest interval to just above the highest."""
        ends = [e for w in report.writers for e in (w.overall.mean, w.overall.low, w.overall.high) if e is not None]
        low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
        margin = (high - low) * 0.06 or 0.5
        return cls(low - margin, high + margin)

    def x(self, value: float) -> str:
        """Where a value is, in percent of the width."""
        return f"{100 * (value - self.low) / (self.high - self.low):.2f}"


@dataclass(frozen=True, slots=True)
class Heat:
    """The colour scale that cells share."""

    low: float
    high: float

    @classmethod
    def of(cls, cells: Iterable[Figure]) -> Heat:
        """From the lowest to the highest mean of any cell."""
        means = [figure.mean for figure in cells if figure.mean is not None]
        return cls(min(means), max(means)) if means else cls(0.0, 0.0)

    def style(self, value: float) -> str:
        """CSS of a cell."""
        background, text = shade(value, self.low, self.high)
        return f"background:{background};color:{text}"

    def legend(self) -> str:
        """CSS of a bar with all colours."""
        steps = 8
        colours = (shade(float(i), 0.0, float(steps))[0] for i in range(steps + 1))
        return f"background:linear-gradient(to right,{','.join(colours)})"


def _cells(report: Report) -> Iterator[Figure]:
    for writer in report.writers:
        for tag in ("domain1", "domain2", *OPTIONAL_TAGS):
            yield from writer.tags.get(tag, {}).values()
