"""The Python interface takes what the commands take."""

import json

import pytest

import penmark
from penmark.errors import ConfigError

RULES = [
    {"when": ["Verdict: [["], "replies": ["[[A]]"]},
    {
        "when": ["The text to be judged"],
        "replies": ['{"score": 8, "reason": "Good."}', '{"score": 6, "reason": "Fair."}'],
    },
    {"replies": ["A short text."]},
]


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "replies.jsonl"
    path.write_text("\n".join(map(json.dumps, RULES)), encoding="utf-8")
    return f"scripted/{path}"


@pytest.fixture
def store(tmp_path, model):
    with penmark.open(tmp_path / "penmark.db") as store:
        for name in ("ann", "bob"):
            penmark.write(store, "sample", writer=model, limit=1, name=name)
        yield store


def test_writing_keeps_the_responses_under_the_name_asked_for(store):
    assert store.db.execute("SELECT DISTINCT writer FROM responses ORDER BY writer").fetchall() == [("ann",), ("bob",)]


def test_judging_takes_a_name_writers_and_repeats(store, model):
    judgments = penmark.judge(store, "sample", judge="rubric", model=model, name="J", writers=["bob"], repeats=2)
    assert judgments["judge"].unique().to_list() == ["J"]
    assert judgments["writer"].unique().to_list() == ["bob"]
    assert sorted(judgments["repeat"].unique().to_list()) == [0, 1]


def test_a_partial_report_counts_what_was_scored_beside_an_unscored_criterion(store, tmp_path):
    rule = {"when": ["The text to be judged", "Abstract_Length"], "replies": ["no verdict"]}
    path = tmp_path / "partly.jsonl"
    path.write_text("\n".join(map(json.dumps, [rule, *RULES])), encoding="utf-8")
    penmark.judge(store, "sample", judge="rubric", model=f"scripted/{path}", writers=["ann"])
    overall = [
        penmark.report(store, "sample", partial=partial).filter(group="overall")["mean"].item()
        for partial in (False, True)
    ]
    assert overall[0] is None
    assert 6 <= overall[1] <= 8


def test_comparing_takes_a_name_and_writers(store, model):
    penmark.write(store, "sample", writer=model, limit=1, name="cid")
    verdicts = penmark.compare(store, "sample", model=model, name="P", writers=["ann", "cid"], max_pairs=1)
    assert verdicts["judge"].unique().to_list() == ["P"]
    assert verdicts.select("first", "second").unique().rows() == [("ann", "cid")]


def test_unknown_writers_and_settings_are_errors(store, model):
    with pytest.raises(ConfigError, match="eve"):
        penmark.judge(store, "sample", judge="length", writers=["eve"])
    with pytest.raises(TypeError, match="repeat"):
        penmark.judge(store, "sample", judge="length", repeat=2)
