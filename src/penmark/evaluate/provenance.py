"""What a run was made with, for the store: enough to make it again."""

from __future__ import annotations

import platform
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Literal

from penmark import __version__
from penmark.protocols import Judge, PairJudge, Sampling
from penmark.records import Run


def new_run(kind: Literal["write", "judge", "import"], spec: Mapping[str, object]) -> Run:
    """A run that starts now, with the software it runs on."""
    started = datetime.now(UTC)
    software = {"penmark": __version__, "python": platform.python_version(), "platform": platform.platform()}
    return Run(
        id=f"{started:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
        kind=kind,
        spec={**spec, "software": software},
        started_at=started.isoformat(timespec="milliseconds"),
    )


def writer_spec(model: str, sampling: Sampling) -> dict[str, object]:
    """What makes a writer itself: its model and how it samples."""
    return {"model": model, "sampling": asdict(sampling)}


def judge_spec(judge: Judge | PairJudge, model: str | None, sampling: Sampling) -> dict[str, object]:
    """What makes a judge itself: its id, version, settings, model and how that samples."""
    card = judge.card
    return {
        "judge": card.id,
        "version": card.version,
        "unit": card.unit,
        "aggregate": card.aggregate,
        "model": model,
        "sampling": asdict(sampling) if model else None,
        **judge.settings(),
    }
