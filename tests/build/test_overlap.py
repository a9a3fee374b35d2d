import pytest
from hypothesis import given
from hypothesis import strategies as st

from penmark.build.data_card import DataCard, apart, counted, write_data
from penmark.build.overlap import RUN, HeldApart, sample_texts, tokens
from penmark.errors import DataError

TASK = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"


def held(**texts):
    made = HeldApart()
    for bench, text in texts.items():
        made.add(bench, [("7", text)])
    return made


def test_a_run_of_thirteen_shared_words_is_an_overlap_and_twelve_are_none():
    words = TASK.split()
    found = held(b=TASK).overlaps([["so " + " ".join(words[1:])], ["so " + " ".join(words[2:])], ["other"]])
    assert [(o.sample, o.bench, o.task) for o in found] == [(0, "b", "7")]
    assert found[0].words == " ".join(words[1:])
    assert str(found[0]).startswith("sample 1: b task 7: 'two three")


def test_case_and_punctuation_hide_no_overlap():
    assert held(b=TASK).overlaps([[TASK.upper().replace(" ", ", ")]])


def test_each_chinese_character_is_a_token():
    assert tokens("狐狸ran 3次。") == ["狐", "狸", "ran", "3", "次"]
    text = "每年冬天都会带来新的饥饿与等待"
    assert held(b=text).overlaps([["前文" + text[:RUN]]])
    assert not held(b=text).overlaps([["前文" + text[: RUN - 1]]])


def test_no_benchmark_and_no_text_overlap_with_nothing():
    assert held().overlaps([[TASK]]) == []
    assert held(b="").overlaps([[TASK]]) == []
    assert held(b=TASK).overlaps([]) == []


@given(st.lists(st.sampled_from("abcdefgh"), min_size=RUN, max_size=30), st.integers(0, 17))
def test_any_run_of_a_benchmark_is_found(words, start):
    run = words[min(start, len(words) - RUN) :][:RUN]
    assert held(b=" ".join(words)).overlaps([["x y " + " ".join(run) + " z"]])


def test_every_text_of_a_sample_is_looked_at():
    sample = {"messages": [{"role": "user", "content": "short"}, {"role": "assistant", "content": TASK}], "score": 3}
    assert sample_texts(sample) == [TASK]


def test_what_overlaps_is_refused_with_the_list():
    samples = [{"prompt": "fine"}, {"prompt": TASK}]
    with pytest.raises(DataError, match=r"1 of 2 samples repeat a benchmark.*\n  sample 2: b task 7(.|\n)*nothing was"):
        apart(samples, held(b=TASK), leave_out=False)


def test_what_overlaps_is_left_out_on_request_a_couple_as_a_whole():
    samples = [{"prompt": "fine", "couple": "c"}, {"prompt": TASK, "couple": "c"}, {"prompt": "fine", "couple": "d"}]
    kept, found = apart(samples, held(b=TASK), leave_out=True)
    assert kept == samples[2:]
    assert len(found) == 1
    with pytest.raises(DataError, match="every sample repeats"):
        apart(samples[:2], held(b=TASK), leave_out=True)


def test_the_card_tells_what_is_in_the_file_and_what_is_not(tmp_path):
    import hashlib
    import json

    samples = [{"kinds": ["length", "style"], "language": "zh"}, {"kinds": ["length"], "language": "en"}]
    counts = counted(samples, "kinds", "language")
    assert counts == {"kinds": {"length": 2, "style": 1}, "language": {"en": 1, "zh": 1}}
    card = DataCard(kind="pairs", made_from=["b"], settings={"seed": 3}, counts=counts, left_out={"too short": 4})
    path = tmp_path / "pairs.jsonl"
    write_data(path, samples, card, held(wb=TASK), overlaps=2)
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] == samples
    told = json.loads((tmp_path / "pairs.card.json").read_text(encoding="utf-8"))
    assert told["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert told["counts"] == counts
    assert told["apart_from"] == {"benchmarks": {"wb": 1}, "samples_left_out": 2}
    text = (tmp_path / "pairs.card.md").read_text(encoding="utf-8")
    assert "| length | 2 |" in text
    assert "| too short | 4 |" in text
    assert "Shares no run of 13 words with: wb (1 tasks); 2 samples that did were left out." in text
    assert {p.name for p in tmp_path.iterdir()} == {"pairs.jsonl", "pairs.card.json", "pairs.card.md"}
