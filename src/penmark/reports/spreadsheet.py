"""What csv and xlsx share: text that no spreadsheet program takes for a formula, and figures as rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from penmark.reports.figures import Figure, Report, WriterFigures
from penmark.store import Store, reads

CELL_LIMIT = 32_767  # UTF-16 units in one cell of Excel

# Excel and LibreOffice skip white space and invisible characters before they look for a sign, and where full-width
# signs are usual they are read like the ASCII ones. A leading tab or CR can push the rest into a cell of its own.
_INVISIBLE = r"\s\x00-\x1f\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
_FORMULA = re.compile(rf"[\t\r]|[{_INVISIBLE}]*[=+\-@＝＋－＠]")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def inert(text: str) -> str:
    """The text with an apostrophe in front where a spreadsheet program could run it as a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def cell_text(text: str) -> str:
    """The beginning of the text, inert and such that a workbook can hold it: at most CELL_LIMIT UTF-16 units."""
    text = inert(_NOT_XML.sub("\ufffd", text.replace("\r\n", "\n")))
    if len(text) > CELL_LIMIT // 2:
        text = text.encode("utf-16-le")[: 2 * CELL_LIMIT].decode("utf-16-le", "ignore")
    # XlsxWriter writes what looks like its own rich text as it is, tags and all.
    return text[:-1] + "＞" if text.startswith("<r>") and text.endswith("</r>") else text


def figure_rows(writer: WriterFigures) -> Iterator[tuple[str, str, str, Figure]]:
    """(group, name, measure, figure) of every figure of a writer; the measure is "R", "C" or ""."""
    yield "overall", "", "", writer.overall
    for group, figures in writer.groups().items():
        for name, figure in figures.items():
            yield group, name, "", figure
    for kind, by_measure in writer.requirement.items():
        for measure, figure in by_measure.items():
            yield "requirement", kind, measure, figure


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgmentRow:
    """One judgment for a sheet.

    Attributes:
        criterion: path of the node; "" is the root.
        text: the response on the first row of each response, "" on its others.
    """

    task: str
    writer: str
    criterion: str
    repeat: int
    score: float | None
    status: str
    reason: str
    text: str


def judgment_rows(store: Store, report: Report) -> Iterator[JudgmentRow]:
    """Every judgment behind a report, in the benchmark's order, one at a time."""
    writers = [writer.name for writer in report.writers]
    last = ""
    for task, writer, judgment in reads.judgments_on(store.db, report.bench, report.judge, writers) if writers else ():
        text = "" if judgment.response == last else reads.response_text(store.db, judgment.response)
        last = judgment.response
        yield JudgmentRow(
            task=task,
            writer=writer,
            criterion=judgment.node,
            repeat=judgment.repeat,
            score=judgment.score,
            status=judgment.status,
            reason=judgment.reason,
            text=text,
        )
