import asyncio
import contextlib
import json
from dataclasses import replace
from itertools import chain

import pytest

from penmark.build.criteria import BANDS
from penmark.build.gaps import GAP
from penmark.build.tasks import TaskBuilding, TaskPlan
from penmark.errors import ConfigError
from penmark.evaluate.budget import Budget
from penmark.models.scripted import ScriptedModel
from penmark.records import Task
from penmark.store import Store

FERRY = "\n\n".join(f"The ferry crossed in year {year}, and the village slept on." for year in range(20))
SPRING = "\n\n".join(f"第{year}年春天，渡船照常过河，村里的人还在睡觉。" for year in range(10, 30))
OUTLINE = {
    "theme": "A ferry",
    "summary": "Tell of it.",
    "facts": ["20 years"],
    "outline": [f"Point {n}." for n in "12345"],
}
GENRE, QUALITY, TELL = '{"genre": "<', '"quality": <1-5>', '"theme": "..."'
CRITERIA = {
    "criteria": [
        {"name": name, "criteria_description": f"Looks at {name}.", **{band: f"{name} {band}" for band in BANDS}}
        for name in ("Facts", "Tone", "Length", "Order", "Ending")
    ]
}
RULES = [
    ([GENRE], '{"genre": "report"}'),
    ([QUALITY], '{"quality": 4, "reason": "Sound."}'),
    ([TELL], json.dumps(OUTLINE)),
    (['"criteria": [{'], json.dumps(CRITERIA)),
]


def document(name="ferry", text=FERRY, language="en", **tags):
    return Task(bench="d", id=name, instruction="", reference=text, tags={"language": language, **tags})


def build(tmp_path, *documents, rules=RULES, budget=None, **choices):
    """(the finished building, why it stopped, how many calls the store has)."""
    script = tmp_path / "model.jsonl"
    lines = [json.dumps({"when": when, "replies": [reply]}, ensure_ascii=False) for when, reply in rules]
    script.write_text("\n".join(lines), encoding="utf-8")
    plan = TaskPlan(documents=documents, source="d", model=ScriptedModel(script), **choices)
    with Store(tmp_path / "store.db") as store:
        building = TaskBuilding(store, plan, budget or Budget())
        stopped = asyncio.run(building.run(lambda label, progress: contextlib.nullcontext()))
        store.flush()
        (calls,) = store.db.execute("SELECT count(*) FROM calls").fetchone()
    return building, stopped, calls


def test_a_document_becomes_the_reference_of_a_task_of_each_kind(tmp_path):
    building, stopped, calls = build(tmp_path, document(), kinds=("guide", "open", "completion"))
    guide, free, gap = building.tasks
    assert (stopped, calls, building.left_out, building.coverage) == ("", 3, [], 1.0)
    assert [task.id for task in building.tasks] == ["ferry-guide", "ferry-open", "ferry-completion"]
    assert guide.reference == free.reference == FERRY
    assert "A ferry" in guide.instruction
    assert "about 200 words" in guide.instruction
    assert "- 20 years" in guide.material
    assert "- Purpose and answer: Point 1." in guide.material
    assert free.material == ""
    assert "Tell of it." in free.instruction
    assert gap.material.replace(GAP, gap.reference) == FERRY
    assert guide.requirements[0].text == "about 200 words"
    assert guide.tags == {"language": "en", "genre": "report", "task_type": "guide"}


def test_a_chinese_document_is_asked_about_and_set_in_chinese(tmp_path):
    building, _, _ = build(tmp_path, document("船", SPRING, "zh"), kinds=("guide", "completion"))
    guide, gap = building.tasks
    assert guide.instruction.startswith("请写一篇报告，主题是“A ferry”。")
    assert "约400字" in guide.instruction
    assert guide.material.startswith("事实：\n- 20 years\n\n提纲：\n- 目的与结论：Point 1.")
    assert "空缺" in gap.instruction


def test_poor_documents_and_those_without_a_usable_reply_are_left_out_with_the_reason(tmp_path):
    rules = [
        ([QUALITY, "poor"], '{"quality": 3, "reason": "Dull."}'),
        ([QUALITY, "silent"], "I would rather not say."),
        ([TELL, "copied"], json.dumps(OUTLINE | {"summary": "copied " + FERRY[:200].replace("\n", " ")})),
        *RULES,
    ]
    documents = [document(name, f"{FERRY}\n\n{name}") for name in ("poor", "silent", "copied", "good")]
    building, stopped, _ = build(tmp_path, *documents, rules=rules)
    assert [task.id for task in building.tasks] == ["good-guide"]
    reasons = dict(building.left_out)
    assert stopped == ""
    assert reasons["poor"] == "quality 3 of 5, wanted 4"
    assert reasons["silent"].startswith("no quality: ")
    assert "word for word" in reasons["copied"]
    assert building.coverage == 0.5  # A poor document was marked; the silent and the copied one gave nothing.


def test_what_is_known_or_not_wanted_is_not_asked(tmp_path):
    building, _, calls = build(tmp_path, document(genre="Short Story"), least_quality=1, kinds=("completion",))
    assert calls == 0
    assert building.tasks[0].tags["genre"] == "fiction"


def test_a_gap_needs_room_and_the_other_kinds_do_not(tmp_path):
    building, _, _ = build(tmp_path, document(text="One paragraph. " * 20), kinds=("completion", "guide"))
    assert [task.id for task in building.tasks] == ["ferry-guide"]
    assert building.left_out == [("ferry-completion", "1 paragraph, and a gap takes 4 or more")]


def test_criteria_are_made_for_the_tasks_where_they_are_wanted(tmp_path):
    building, _, calls = build(tmp_path, document(), with_criteria=True)
    (task,) = building.tasks
    assert calls == 4
    assert [name for name, _ in task.rubric.leaves()] == ["Facts", "Tone", "Length", "Order", "Ending"]


def test_a_task_without_usable_criteria_stays_and_is_named(tmp_path):
    rules = [*RULES[:3], (['"criteria": [{'], "None.")]
    building, _, _ = build(tmp_path, document(), rules=rules, with_criteria=True)
    assert building.tasks[0].rubric is None
    assert building.left_out[0][0] == "ferry-guide"
    assert building.left_out[0][1].startswith("no criteria: ")
    assert building.coverage == 0.5


def test_a_model_that_writes_too_little_for_criteria_is_refused_before_a_call(tmp_path):
    model = ScriptedModel(_script(tmp_path))
    model.max_output_tokens = 512
    plan = TaskPlan(documents=[], source="d", model=model, with_criteria=True)
    with Store(tmp_path / "store.db") as store, pytest.raises(ConfigError, match="larger model"):
        TaskBuilding(store, plan, Budget())


def _script(tmp_path):
    (tmp_path / "m.jsonl").write_text('{"replies": ["x"]}', encoding="utf-8")
    return tmp_path / "m.jsonl"


def test_a_run_that_its_budget_ends_says_so_and_is_gone_on_with_for_free(tmp_path):
    documents = [document(name, f"{FERRY}\n\n{name}") for name in "abc"]
    building, stopped, calls = build(tmp_path, *documents, budget=Budget(max_calls=4))
    assert (building.tasks, calls) == ([], 4)
    assert "4" in stopped
    building, stopped, calls = build(tmp_path, *documents, budget=Budget(max_calls=5))
    assert (stopped, calls, len(building.tasks)) == ("", 9, 3)


def test_the_questions_about_a_document_begin_alike_and_leave_no_slot(tmp_path):
    plan = TaskPlan(
        documents=[document(), document("船", SPRING, "zh")], source="d", model=ScriptedModel(_script(tmp_path))
    )
    with Store(tmp_path / "store.db") as store:
        by_document = list(TaskBuilding(store, plan, Budget()).prompts())
        least = replace(plan, least_quality=1, kinds=("completion",))
        fewer = [*chain(*TaskBuilding(store, least, Budget()).prompts())]
    prompts = [*chain(*by_document)]
    assert all(len({(p.system, p.shared) for p in asked}) == 1 for asked in by_document)
    assert len(prompts) == 6
    assert len({(p.system, p.shared) for p in prompts}) == 2
    assert len({p.tail for p in prompts}) == 6
    assert FERRY in prompts[0].shared
    assert not [p for p in prompts if "{{" in p.system + p.shared + p.tail]
    assert len(fewer) == 2
