import json
import random
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from mirror_texts import EN, ZH, some_texts
from penmark.build.demands import counted_sorts, rival_demands, shared_demands, tells_apart
from penmark.build.mirrored import MirrorPlan, mirrored_pairs
from penmark.build.texts import Text, read_texts, stored_texts
from penmark.errors import DataError
from penmark.records import Check, Requirement, Response, Task
from penmark.requirements import check, extract, validate
from penmark.store import Store
from penmark.text import count_words

MORE = " Away, far away."
REAL = Path(__file__).parents[3] / "shared" / "data"


def made(**options):
    return mirrored_pairs(some_texts(), MirrorPlan(**{"count": 12, **options}))


def demands(sample):
    for row in sample["requirements"]:
        kind, text, found = row["kind"], row["text"], row["check"]
        yield Requirement(kind=kind, text=text, check=Check(found["name"], found["arguments"])), row["broken"]


def assert_sound(samples):
    """Every chosen text meets all, every rejected one breaks exactly the stated ones, and each couple is a mirror."""
    couples = defaultdict(list)
    for sample in samples:
        assert all(check(demand, sample["chosen"]).is_met for demand, _ in demands(sample))
        broken = [not check(demand, sample["rejected"]).is_met for demand, _ in demands(sample)]
        assert broken == [is_broken for _, is_broken in demands(sample)]
        assert sum(broken) == sample["dropped"] >= 1
        assert set(sample["kinds"]) == {demand.kind for demand, is_broken in demands(sample) if is_broken}
        assert all(demand.text in sample["prompt"] for demand, _ in demands(sample))
        couples[sample["couple"], sample["task"]].append(sample)
    for first, second in couples.values():
        assert (first["chosen"], first["rejected"]) == (second["rejected"], second["chosen"])
        for name in ("dropped", "kinds", "task", "language"):
            assert first[name] == second[name]
        shape = [[(d.kind, d.check.name, is_broken) for d, is_broken in demands(s)] for s in (first, second)]
        assert shape[0] == shape[1]  # What a judge that reads the demands alone could go by is the same.


def test_chosen_texts_meet_all_and_rejected_ones_break_exactly_k():
    assert_sound(made().samples)


def test_a_judge_that_does_not_read_the_query_is_right_in_exactly_half_of_the_pairs():
    samples = made().samples
    for blind in (len, count_words, lambda text: text.count("e"), lambda text: random.Random(text).random()):
        verdicts = [blind(s["chosen"]) > blind(s["rejected"]) for s in samples]
        ties = sum(blind(s["chosen"]) == blind(s["rejected"]) for s in samples)
        assert sum(verdicts) + ties / 2 == len(samples) / 2
    assert Counter(s["chosen"] for s in samples) == Counter(s["rejected"] for s in samples)


def test_languages_and_k_are_balanced_and_kinds_differ_little():
    samples = made(count=24).samples
    assert Counter(s["language"] for s in samples) == {"en": 24, "zh": 24}
    assert Counter(s["dropped"] for s in samples) == {1: 16, 2: 16, 3: 16}
    for language in ("en", "zh"):
        kinds = Counter(d.kind for s in samples if s["language"] == language for d, broken in demands(s) if broken)
        assert set(kinds) == {"length", "format", "style", "content"}
        assert max(kinds.values()) - min(kinds.values()) <= 6


def test_the_language_with_fewer_texts_decides_how_many_there_are():
    texts = [t for t in some_texts() if t.language == "en" or t.task in ("zh0", "zh1")]
    counts = Counter(s["language"] for s in mirrored_pairs(texts, MirrorPlan(count=100)).samples)
    assert counts["en"] == counts["zh"] > 0


def test_the_same_seed_gives_the_same_pairs_whatever_the_order_of_the_texts_of_different_tasks():
    texts = some_texts()
    plan = MirrorPlan(count=8)
    assert mirrored_pairs(texts, plan).samples == mirrored_pairs(texts, plan).samples
    assert mirrored_pairs(texts, MirrorPlan(count=8, seed=1)).samples != mirrored_pairs(texts, plan).samples


def test_texts_of_different_length_and_short_texts_make_no_couple_and_are_counted():
    long = Text(task="t", prompt="Write.", writer="a", text=EN[0] * 3, language="en")
    other = Text(task="t", prompt="Write.", writer="b", text=EN[1] + MORE, language="en")
    short = Text(task="t", prompt="Write.", writer="c", text="Too short.", language="en")
    result = mirrored_pairs([long, other, short], MirrorPlan(count=4))
    assert result.samples == []
    assert result.left_out == {
        "a text of fewer than 40 words": 2,
        "one text more than 1.25 times as long as the other": 1,
    }


@pytest.mark.parametrize("same", [True, False])
def test_one_text_or_none_makes_no_pairs(same):
    text = Text(task="t", prompt="Write.", writer="a", text=EN[0], language="en")
    assert mirrored_pairs([text, text] if same else [], MirrorPlan(count=4)).samples == []


def test_texts_that_break_what_their_prompt_demands_itself_are_left_out():
    texts = [
        Text(task="t", prompt="Write 900 words.", writer=text[:9], text=text + MORE, language="en") for text in EN[:2]
    ]
    result = mirrored_pairs(texts, MirrorPlan(count=4))
    assert (result.samples, result.left_out) == ([], {"a text does not obey its own prompt": 1})


@pytest.mark.parametrize(("language", "texts"), [("en", EN), ("zh", ZH)])
def test_every_demand_tells_the_texts_apart_or_is_met_by_both(language, texts):
    sorts = set()
    for seed in range(5):
        rng = random.Random(seed)
        for first, second in ((texts[0], texts[1]), (texts[1], texts[2]), (texts[2], texts[0])):
            found = rival_demands(first, second, language, rng)
            assert all(tells_apart(rivals, first, second) for rivals in found)
            sorts |= {rivals.sort for rivals in found}
            for shared in shared_demands(first, second, language, rng):
                assert all(check(shared.first, text).is_met for text in (first, second))
    assert len(sorts) >= 9
    assert {"includes", "excludes", "sentences"} <= sorts


def test_every_wording_has_its_check_and_reads_as_no_other_demand():
    for sort, counted in counted_sorts().items():
        assert counted.wording, sort
        for language, forms in counted.wording.items():
            assert forms.keys() >= {"least", "most"}
            for form, wording in forms.items():
                assert ("{n}" in wording) == (form != "none")
                letter = {"letter": counted.letter} if counted.letter else {}
                validate(Check(counted.check, {**letter, "most": 0}))
                prompt = (
                    "写一篇文章。\n\n要求：\n1. " if language == "zh" else "Write.\n\nRequirements:\n1. "
                ) + wording
                read = {r.check.name for r in extract(prompt.format(n=7)) if r.check is not None}
                assert read <= {counted.check}, wording
                if form == "none":
                    assert not read, wording


def test_texts_come_from_files_of_any_of_the_known_shapes(tmp_path):
    rows = [
        {"task": "essays", "id": "q1", "instruction": "Write.", "model": "m", "response": EN[0]},
        {"task": "q2", "prompt": "写。", "text": ZH[0]},
    ]
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    first, second = read_texts(path)
    assert (first.task, first.prompt, first.writer, first.language) == ("q1", "Write.", "m", "en")
    assert (second.task, second.writer, second.language) == ("q2", "unknown", "zh")


def test_a_malformed_file_of_texts_is_refused_with_its_line(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text('{"prompt": "Write.", "response": "x"}\n{"prompt": "Write."}\n', encoding="utf-8")
    with pytest.raises(DataError, match=re.escape(f"{path}:2")):
        read_texts(path)


def test_texts_come_from_the_store_with_the_references(tmp_path):
    task = Task(bench="b", id="7", instruction="Write.", reference="By hand.", tags={"language": "en"})
    with Store(tmp_path / "s.db") as store:
        store.save_tasks({0: task})
        store.save_responses(*(Response(task=task.key, writer=w, text=x) for w, x in (("a", "One."), ("b", " "))))
    with Store(tmp_path / "s.db") as store:
        found = [(t.task, t.writer, t.text) for t in stored_texts(store.db, "b")]
        assert found == [("b/7", "reference", "By hand."), ("b/7", "a", "One.")]
        assert [t.writer for t in stored_texts(store.db, "b", ["a"])] == ["a"]


@pytest.mark.data
@pytest.mark.skipif(not (REAL / "texts" / "hellobench_en.jsonl").exists(), reason="the real texts are not here")
def test_real_texts_make_sound_pairs():
    texts = read_texts(REAL / "texts" / "hellobench_en.jsonl")[:200]
    english = [text for text in texts if text.language == "en"]
    samples = mirrored_pairs(english, MirrorPlan(count=12)).samples
    assert len(samples) == 24
    assert_sound(samples)
