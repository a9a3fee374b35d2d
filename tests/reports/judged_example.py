"""A store in which several judges score the same few texts, filled by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from penmark.protocols import Call, Reply
from penmark.records import Judgment, Response, Run, Task
from penmark.reports.figures import Report
from penmark.reports.summary import ReportOptions, build_report
from penmark.store import Store

POINTS = {"judge": "tow", "unit": "points", "model": "openai/x"}


class Judged:
    """Judges are made the first time they score; every writer has one text for a task."""

    def __init__(self, folder: Path, tasks: int = 2, bench: str = "demo", **tags: Mapping[int, str]) -> None:
        """`tags` maps a tag to what each task (by number) has of it."""
        self.bench = bench
        self.store = Store(folder / "penmark.db")
        self.tasks = [
            Task(bench=bench, id=str(n), instruction=f"write {n}", tags={t: of[n] for t, of in tags.items() if n in of})
            for n in range(tasks)
        ]
        self.store.save_tasks(dict(enumerate(self.tasks)))
        self.calls = 0

    def judge(self, name: str, spec: Mapping[str, object] = POINTS) -> None:
        self.store.save_judge(name, spec)
        self.store.save_run(self._run(name))

    def score(
        self, judge: str, task: int, writer: str, nodes: Mapping[str, float | str | None], repeat: int = 0
    ) -> list[Judgment]:
        """Nodes to scores; a status instead of a score says why there is none, and None is "unreadable"."""
        response = Response(task=self.tasks[task].key, writer=writer, text=f"{writer} on {task}")
        self.store.save_responses(response)
        made = []
        for node, score in nodes.items():
            points, status = (
                (None, score) if isinstance(score, str) else (score, "unreadable" if score is None else "scored")
            )
            points = 1.0 if status == "empty" else points
            made.append(
                Judgment(response=response.key, judge=judge, node=node, score=points, status=status, repeat=repeat)
            )
        self.store.save_judgments(*made, run=self._run(judge).id)
        return made

    def call(self, judge: str, cost_usd: float | None) -> None:
        """A call that this judge's run made."""
        self.calls += 1
        reply = Reply(text="{}", tokens_in=1, tokens_out=1)
        self.store.save_call(
            Call(f"call-{self.calls}", "openai/x", reply, cost_usd, is_new=True), run=self._run(judge).id
        )

    def report(self, judge: str, **options: object) -> Report:
        self.store.flush()
        return build_report(self.store, self.bench, judge, ReportOptions(**options))

    def _run(self, judge: str) -> Run:
        spec = {"bench": self.bench, "judge_name": judge}
        return Run(id=f"{self.bench}-{judge}", kind="judge", spec=spec, started_at="2026-01-01T00:00:00")
