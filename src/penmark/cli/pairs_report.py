"""`penmark report` about comparisons in pairs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from penmark.cli.failure import check_writable, writing_to
from penmark.cli.output import print_or_save

if TYPE_CHECKING:
    from penmark.cli.report import Format, ReportFlags
    from penmark.reports.pairs import PairReport
    from penmark.store import Store


def report_pairs(store: Store, flags: ReportFlags, kind: Format) -> None:
    """Report win rates and strengths.

    Raises:
        ConfigError: when there is nothing to report, or not in this format.
    """
    from penmark.errors import ConfigError
    from penmark.reports.choice import choose, choose_pair_judge
    from penmark.reports.pairs import build_pair_report
    from penmark.store import reads

    if kind == "xlsx":
        raise ConfigError("comparisons in pairs have no workbook; use --format csv, json or html")
    output = flags.output or (Path("penmark-report.html") if kind == "html" else None)
    if output is not None:
        check_writable(output)
    benches = [flags.bench] if flags.bench else reads.benches(store.db)
    compares = [b for b in benches if (found := reads.pair_judges_of(store.db, b)) and flags.judge in (None, *found)]
    scores = any(flags.judge in (None, *reads.judges_of(store.db, b)) for b in benches if reads.judges_of(store.db, b))
    pick = choose if scores and not compares else choose_pair_judge
    bench, judge, others = pick(store, flags.bench, flags.judge)
    if others and flags.judge is None:
        print(f"judge {judge}; there are also {', '.join(others)} (--judge NAME)", file=sys.stderr)
    made = build_pair_report(
        store, bench, judge, writers=tuple(flags.writer or ()), control=flags.control, seed=flags.seed
    )
    _give_out(made, kind, output)


def _give_out(made: PairReport, kind: Format, output: Path | None) -> None:
    from penmark.reports.pairs_sheet import as_json, as_sheet, write_csv
    from penmark.reports.sheet import as_rich, write_page

    if kind == "html" and output is not None:
        with writing_to(output):
            write_page(as_sheet(made), output)
        print(f"report: {output.resolve()}")
    elif kind == "csv":
        if output is None:
            write_csv(made, sys.stdout)
            return
        with writing_to(output), output.open("w", encoding="utf-8", newline="") as stream:
            write_csv(made, stream)
    else:
        print_or_save(output, as_json(made) if kind == "json" else None, lambda: as_rich(as_sheet(made)))
