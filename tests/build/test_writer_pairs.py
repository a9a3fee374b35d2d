from collections import Counter

from penmark.build.mirrored import MirrorPlan
from penmark.build.texts import Text
from penmark.build.writer_pairs import writer_pairs

WORDS = ("one two three four", "five six seven eight", "nine ten eleven twelve", "a b c d")


def text(writer, words, task="t", prompt="Write."):
    return Text(task=task, prompt=prompt, writer=writer, text=words, language="en")


def pairs(texts, count=10, **options):
    left_out = Counter()
    plan = MirrorPlan(count=count, fewest_words=3, **options)
    return writer_pairs(texts, "strong", "weak", plan, left_out), left_out


def test_the_better_writers_text_is_chosen_whatever_it_says():
    made, _ = pairs([text("weak", WORDS[0]), text("strong", WORDS[1]), text("other", WORDS[2])])
    assert [(p["chosen"], p["rejected"]) for p in made] == [(WORDS[1], WORDS[0])]
    assert made[0]["writers"] == {"chosen": "strong", "rejected": "weak"}
    assert (made[0]["dropped"], made[0]["kinds"], made[0]["prompt"]) == (0, [], "Write.")


def test_texts_to_other_prompts_equal_texts_and_texts_of_other_length_make_no_pair():
    assert pairs([text("strong", WORDS[0], task="a"), text("weak", WORDS[1], task="b")])[0] == []
    assert pairs([text("strong", WORDS[0]), text("weak", WORDS[0])])[0] == []
    made, left_out = pairs([text("strong", WORDS[0]), text("weak", f"{WORDS[0]} {WORDS[1]}")])
    assert (made, sum(left_out.values())) == ([], 1)


def test_there_are_as_many_pairs_as_mirrored_couples_give_and_tasks_take_turns():
    texts = [
        text(w, f"{words} {task}", task)
        for task in "abc"
        for w, words in zip(["strong", "weak"] * 2, WORDS, strict=True)
    ]
    made, _ = pairs(texts, count=2)
    assert Counter(p["task"] for p in made) == {"a": 2, "b": 1, "c": 1}
    assert len(pairs(texts)[0]) == 12
    assert pairs(texts, seed=1)[0] != pairs(texts)[0]
    assert pairs(texts)[0] == pairs(texts)[0]
