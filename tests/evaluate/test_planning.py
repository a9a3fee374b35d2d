"""Judges that settle something once a task: asked once, shared by all responses, and never made up."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from functools import partial

import pytest
from small_runs import filled, judgments, numbered, rows

from penmark import named
from penmark.errors import VerdictError
from penmark.evaluate.budget import Budget
from penmark.evaluate.judging import Judging, JudgingPlan
from penmark.models.reply import read_object, read_verdict
from penmark.protocols import JudgeCard, ModelOptions, PlanQuestion, Prompt, Question, Sampling, Verdict
from penmark.records import Criterion, Plan, Rubric
from penmark.store import Store, reads
from servers import Fault, serving, verdict

PLANS = '{"good": 0.75, "short": 0.25}'


def leaf(name: str, weight: float | None = None) -> Rubric:
    return Rubric(name=name, weight=weight, criterion=Criterion(name=name, description=name))


def read_leaf(node: str, reply: str) -> dict[str, Verdict]:
    score, reason = read_verdict(read_object(reply), 1, 10)
    return {node: Verdict(score=score, reason=reason)}


def read_plan(reply: str) -> Plan:
    found = read_object(reply)
    if "genre" in found:
        return Plan(tags={"genre": str(found["genre"])})
    if found.keys() != {"good", "short"}:
        raise VerdictError(f"weights of {sorted(found)} instead of good, short")
    return Plan(weights={f"content/{name}": float(str(weight)) for name, weight in found.items()})


class PlannedJudge:
    """Two leaves whose weights are planned, and one beside them; or, `by_genre`, asked by the planned genre."""

    card = JudgeCard(id="planned", version=1, description="planned weights", needs_model=True)
    sampling = Sampling()

    def __init__(self, *, by_genre: bool = False) -> None:
        self.by_genre = by_genre

    def settings(self):
        return {"by_genre": self.by_genre}

    def rubric(self, task):
        content = Rubric(name="content", children=(leaf("good"), leaf("short")))
        return Rubric(children=(content, leaf("form", 1.0)))

    def plan(self, task):
        return PlanQuestion(
            prompt=Prompt(tail=f"Weigh task {task.id}."),
            read=read_plan,
            schema={"title": "free"},
            schema_again={"title": "held"},
            comes_first=self.by_genre,
            likely=Plan(tags={"genre": "any"}),
        )

    def questions(self, task, response):
        shared = f"{response.text} "
        genre = task.tags["genre"] if self.by_genre else ""
        nodes = ("content/good", "content/short", "form")
        return [
            Question(nodes=(n,), prompt=Prompt(shared=shared, tail=f"How {n}? {genre}"), read=partial(read_leaf, n))
            for n in nodes
        ]

    def measure(self, task, response):
        return {}


def run(path, server, judge=None, **options):
    async def work() -> Judging:
        with Store(path) as store:
            reached = ModelOptions(base_url=server.base_url, structured=True)
            async with named.make_model("openai/m", reached) as model:
                plan = JudgingPlan(
                    bench="small",
                    judge=judge or PlannedJudge(),
                    judge_name="j",
                    model=model,
                    sampling=Sampling(),
                    **options,
                )
                judging = Judging(store, plan, Budget())
                await judging.run()
                return judging

    return asyncio.run(work())


def answers(plan: object, leaves: dict[str, int] | None = None):
    leaves = leaves or {"content/good": 8, "content/short": 4, "form": 3}

    def answer(prompt: str):
        if prompt.startswith("Weigh"):
            return plan(prompt) if callable(plan) else plan
        return next(verdict(score) for node, score in leaves.items() if f"How {node}?" in prompt)

    return answer


@pytest.fixture
def path(tmp_path, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "PENMARK_PRICES"):
        monkeypatch.delenv(name, raising=False)
    return filled(tmp_path / "s.db", {"v": numbered(2, "v"), "w": numbered(2)})


def roots(path):
    return {key: (j.score, j.status) for key, j in judgments(path).items() if key[2] == ""}


def test_a_plan_is_asked_once_a_task_and_weighs_every_response_to_it(path):
    with serving(answers(PLANS)) as server:
        run(path, server)
    asked = Counter(prompt for prompt in server.prompts if prompt.startswith("Weigh"))
    assert asked == {"Weigh task 0.": 1, "Weigh task 1.": 1}
    found = judgments(path)
    assert found["0", "w", "content", 0].score == 7  # 0.75 * 8 + 0.25 * 4
    assert set(roots(path).values()) == {(5.0, "scored")}  # (7 + 3) / 2
    assert rows(path, "SELECT plan FROM plans LIMIT 1")[0][0] == json.dumps(
        {"tags": {}, "weights": {"content/good": 0.75, "content/short": 0.25}}, sort_keys=True
    )


def test_what_is_planned_and_judged_is_not_asked_again(path):
    with serving(answers(PLANS)) as server:
        run(path, server)
        first = len(server.prompts)
        run(path, server)
        with Store(path) as store:
            assert first == len(server.prompts) == rows(path, "SELECT count(*) FROM calls")[0][0] == 4 * 3 + 2
            assert [p.plan.weights["content/good"] for p in reads.plans_on(store.db, "small", "j")] == [0.75, 0.75]


def test_each_repeat_is_planned_anew(path):
    with serving(answers(PLANS)) as server:
        run(path, server, repeats=2)
    assert sum(prompt.startswith("Weigh") for prompt in server.prompts) == 4


def test_a_plan_that_cannot_be_read_leaves_inner_nodes_unscored_and_never_equal(path):
    with serving(answers("equally, I would say")) as server:
        run(path, server)
    assert sum(prompt.startswith("Weigh") for prompt in server.prompts) == 2 * 3
    found = judgments(path)
    assert found["0", "w", "content/good", 0].score == 8
    assert found["0", "w", "content", 0].score is None
    assert "not one JSON object" in found["0", "w", "content", 0].reason
    assert set(roots(path).values()) == {(None, "incomplete")}


def test_scorings_that_no_plan_weighs_lower_the_coverage_now_and_in_every_later_run(path):
    with serving(answers("equally, I would say")) as server:
        found = [run(path, server).progress for _ in range(2)]
    for progress in found:
        assert (progress.coverage, progress.unscored, progress.total) == (0, 12, 12)
        ((reason, count),) = progress.why.items()
        assert (reason.startswith("the task could not be planned: "), count) == (True, 12)


def test_a_scoring_is_lost_once_whether_its_leaf_or_its_plan_could_not_be_had(path):
    with serving(answers("equally", {"content/good": 8, "content/short": 4, "form": 99})) as server:
        assert run(path, server).progress.unscored == 12
        assert run(path, server).progress.unscored == 12


def test_with_partial_no_scoring_is_lost_to_a_missing_plan(path):
    with serving(answers("equally")) as server:
        assert run(path, server, partial=True).progress.coverage == 1


def test_a_plan_that_could_not_be_read_is_asked_again_under_the_stricter_schema(path):
    with serving(answers("equally")) as server:
        run(path, server)
    asked = [body for body, prompt in zip(server.bodies, server.prompts, strict=True) if prompt.startswith("Weigh")]
    titles = [body["response_format"]["json_schema"]["schema"]["title"] for body in asked]
    assert Counter(titles) == {"free": 2, "held": 4}
    assert titles[0] == "free"


def test_with_partial_an_unplanned_node_is_left_out_and_the_root_says_so(path):
    with serving(answers("equally, I would say")) as server:
        run(path, server, partial=True)
    assert judgments(path)["0", "w", "content", 0].score is None
    assert set(roots(path).values()) == {(3.0, "partial")}


def test_an_unread_plan_stands_until_it_is_asked_for_afresh(path):
    with serving(answers("equally")) as server:
        run(path, server)
    with serving(answers(PLANS)) as server:
        run(path, server)
        assert server.prompts == []
        run(path, server, retry_unscored=True)
    assert len(server.prompts) == 2
    assert set(roots(path).values()) == {(5.0, "scored")}


def test_a_refused_plan_is_failed_and_asked_again_by_the_next_run(path):
    with serving(answers(lambda prompt: Fault(status=400))) as server:
        run(path, server)
    assert set(roots(path).values()) == {(None, "failed")}
    with serving(answers(PLANS)) as server:
        run(path, server)
    assert len(server.prompts) == 2
    assert set(roots(path).values()) == {(5.0, "scored")}


def test_an_empty_response_gets_the_lowest_scores_under_the_same_plan(tmp_path):
    path = filled(tmp_path / "e.db", {"w": [""]})
    with serving(answers(PLANS)) as server:
        run(path, server)
    assert server.prompts == ["Weigh task 0."]
    assert roots(path) == {("0", "w", "", 0): (1.0, "scored")}


def test_a_missing_response_is_not_planned_for(tmp_path):
    path = filled(tmp_path / "m.db", {"w": [None]})
    with serving(answers(PLANS)) as server:
        run(path, server)
    assert server.prompts == []


def test_questions_that_depend_on_the_plan_wait_for_it(path):
    with serving(answers('{"genre": "letter"}')) as server:
        run(path, server, PlannedJudge(by_genre=True))
    weighed = sum(prompt.startswith("Weigh") for prompt in server.prompts)
    assert (weighed, len(server.prompts)) == (2, 2 + 4 * 3)
    assert all(prompt.endswith("letter") for prompt in server.prompts if "How" in prompt)


def test_without_a_genre_nothing_is_asked_and_the_leaves_say_why(path):
    with serving(answers("a letter")) as server:
        run(path, server, PlannedJudge(by_genre=True))
    assert not any("How" in prompt for prompt in server.prompts)
    found = judgments(path)["0", "w", "form", 0]
    assert (found.score, found.status) == (None, "unreadable")
    assert "not one JSON object" in found.reason


def test_an_estimate_counts_each_missing_plan_once(path):
    with Store(path) as store:
        model = named.make_model("openai/m", ModelOptions(base_url="http://127.0.0.1:9/v1"))
        plan = JudgingPlan(bench="small", judge=PlannedJudge(), judge_name="j", model=model, sampling=Sampling())
        assert len(list(Judging(store, plan, Budget()).question_sizes())) == 4 * 3 + 2


def test_another_process_that_plans_is_waited_for(path):
    with Store(path) as store, serving(answers(PLANS)) as server:
        store.claim([f"plan:j:{key}:0" for (key,) in rows(path, "SELECT key FROM tasks")], "elsewhere:1:aa").result()

        async def both() -> None:
            async with named.make_model("openai/m", ModelOptions(base_url=server.base_url)) as model:
                plan = JudgingPlan(
                    bench="small", judge=PlannedJudge(), judge_name="j", model=model, sampling=Sampling()
                )
                working = asyncio.create_task(Judging(store, plan, Budget()).run())
                await asyncio.sleep(0.5)
                assert not any(prompt.startswith("Weigh") for prompt in server.prompts)
                store.release_claims("elsewhere:1:aa")
                await working

        asyncio.run(both())
    assert set(roots(path).values()) == {(5.0, "scored")}
