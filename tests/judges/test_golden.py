"""The judges that stand beside others on groups of known order: golden, constant, and any judge blind."""

import pytest

from penmark.errors import DataError
from penmark.judges._blind import blind
from penmark.judges.constant import ConstantJudge
from penmark.judges.golden import GoldenJudge
from penmark.judges.length import LengthJudge
from penmark.judges.rubric import RubricJudge
from penmark.judges.static import StaticJudge
from penmark.protocols import JudgeOptions, MeasuresMany, Verdict
from penmark.records import Requirement, Response, Task
from penmark.requirements.dropout import group_task

SEED = Task(bench="b", id="7", instruction="Write a note.", tags={"language": "en"})
DEMANDS = (Requirement(kind="length", text="Under 50 words."), Requirement(kind="style", text="In verse."))
GROUP = group_task(SEED, "w", DEMANDS, {"a": (), "z": (1,)})


def by(writer, text="A note."):
    return Response(task=GROUP.key, writer=writer, text=text)


def test_the_golden_judge_counts_what_the_writer_was_shown():
    judge = GoldenJudge()
    assert [judge.measure(GROUP, by(writer))["shown"].score for writer in ("a", "z")] == [2, 1]
    assert judge.measure(GROUP, by("stranger"))["shown"].score is None
    with pytest.raises(DataError, match="does not say what its responses were written without"):
        judge.rubric(SEED)


def test_a_constant_is_the_same_for_every_text():
    assert {ConstantJudge().measure(GROUP, by("a", text))["constant"].score for text in ("", "x", "y " * 99)} == {1}


def test_a_blind_judge_sees_the_seed_and_the_text_and_no_requirement():
    judge = StaticJudge(JudgeOptions())
    seeing, unseeing = (j.questions(GROUP, by("a"))[0].prompt.shared for j in (judge, blind(judge)))
    assert "In verse." in seeing
    assert "In verse." not in unseeing
    assert "Write a note." in unseeing
    assert "A note." in unseeing


def test_a_blind_judge_is_another_judge_in_the_store():
    judge = StaticJudge(JudgeOptions())
    assert blind(judge).settings() != judge.settings()
    assert blind(judge).settings()["shown"] == "the query without its requirements"


def test_a_judge_of_the_requirements_has_nothing_to_score_blind():
    with pytest.raises(DataError, match="no criteria of its own"):
        blind(RubricJudge(JudgeOptions())).rubric(GROUP)


def test_a_blind_judge_measures_many_together_where_the_judge_does():
    class Many(LengthJudge):
        def measure_all(self, items):
            return [{"length": Verdict(score=len(task.prompt))} for task, _ in items]

    assert not isinstance(blind(LengthJudge()), MeasuresMany)
    found = blind(Many()).measure_all([(GROUP, by("a"))])
    assert found[0]["length"].score == len(SEED.prompt)
    assert blind(LengthJudge()).measure(GROUP, by("a"))["length"].score == len("A note.")
    assert blind(LengthJudge()).plan(GROUP) is None
