import re
from collections import Counter

import pytest

from mirror_texts import some_texts
from penmark.build.mirrored import MirrorPlan
from penmark.build.real_groups import real_groups
from penmark.build.texts import Text
from penmark.requirements import check, extract

WORDS = ("harbour", "lantern", "meadow", "orchard", "thunder", "velvet")


def text(number, task="t"):
    """A text of ten words that has so many of the first words of the list, and no other of it."""
    filler = ["going", "slowly", "under", "heavy", "clouds", "today"][: 6 - number]
    return Text(
        task=task, prompt="Write.", writer=f"w{number}", language="en",
        text=f"They are {' '.join([*WORDS[:number], *filler])} again {task}.",
    )  # fmt: skip


def made(texts, size=4, count=10, **options):
    left_out = Counter()
    sorts = frozenset({"includes", "excludes"})
    plan = MirrorPlan(count=count, fewest_words=5, sorts=sorts, **options)
    return real_groups(texts, size, plan, left_out), left_out


def broken(prompt, text):
    demands = [r for r in extract(prompt) if r.check is not None]
    assert len(demands) == len(re.findall(r"^\d\. ", prompt, re.MULTILINE))
    return sum(not check(demand, text).is_met for demand in demands)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_the_first_text_meets_every_demand_and_each_next_one_breaks_one_more(size):
    groups, _ = made([text(n) for n in range(7)], size)
    assert groups
    for group in groups:
        assert [broken(line["prompt"], line["chosen"]) for line in group] == list(range(size))
        assert [len(line["constraint"]) for line in group] == [size - 1 - n for n in range(size)]
        assert len({line["prompt"] for line in group}) == len({line["couple"] for line in group}) == 1


def test_a_text_is_in_one_group_only_and_tasks_are_never_mixed():
    groups, _ = made([text(n, task) for task in ("a", "b", "c") for n in range(7)], 2)
    assert len(groups) > 3
    assert len({group[0]["task"] for group in groups}) == len(groups)
    assert {group[0]["task"].partition("/")[0] for group in groups} == {"a", "b", "c"}
    texts = [line["chosen"] for group in groups for line in group]
    assert len(texts) == len(set(texts))
    for group in groups:
        assert len({line["task"] for line in group}) == 1


def test_where_no_texts_break_just_so_many_there_is_no_group_and_it_is_counted():
    groups, left_out = made([text(0), text(6)], 3)
    assert groups == []
    assert left_out == {"no texts that break one demand, two, and so on": 2}
    assert made([]) == ([], Counter())
    assert made([text(3)])[0] == []


def test_the_same_seed_gives_the_same_groups_and_no_more_than_were_wanted():
    texts = [text(n, task) for task in "abcdef" for n in range(7)]
    assert made(texts, 3)[0] == made(texts, 3)[0] != made(texts, 3, seed=1)[0]
    assert len(made(texts, 3, count=2)[0]) == 2


def test_chinese_texts_make_groups_too():
    texts = [t for t in some_texts(1) if t.language == "zh"]
    groups = real_groups(texts, 2, MirrorPlan(count=5), Counter())
    assert groups
    assert all(line["language"] == "zh" and "要求：" in line["prompt"] for group in groups for line in group)
