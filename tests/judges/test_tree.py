import re

import pytest
from tree_texts import LANGUAGES, make, plan_reply, questions, response_to, root, task

from penmark.errors import ConfigError, DataError, VerdictError

SMALL = """
id = "small"
[[leaf]]
path = "content/facts"
description = "Whether the facts are right."
[[leaf]]
path = "content/tone"
description = {en = "Whether it is polite.", zh = "看是否有礼。"}
[[leaf]]
path = "look"
rule = "formatting"
description = "Headings."
"""


@pytest.fixture
def tree(tmp_path):
    def written(source, **options):
        file = tmp_path / "mine.toml"
        file.write_text(source, encoding="utf-8")
        return make("tree", tree=file, **options)

    return written


def leaf(path, **settings):
    lines = [f"{name} = {value}" for name, value in ({"description": '"d"'} | settings).items()]
    return f'[[leaf]]\npath = "{path}"\n' + "\n".join(lines) + "\n"


def node(path, **settings):
    return f'[[node]]\npath = "{path}"\n' + "".join(f"{name} = {value}\n" for name, value in settings.items())


def test_a_tree_in_ten_lines_is_scored(tree):
    judge = tree(SMALL)
    scores = {"content/facts": 4.0, "content/tone": 8.0, "look": 10.0}
    assert root(judge, task(), scores.__getitem__) == (6 + 10) / 2
    assert [*questions(judge, task())] == [("content/facts",), ("content/tone",)]
    assert judge.plan(task()) is None
    assert judge.measure(task(), response_to(task()))["look"].read_as == "rule"


def test_without_a_tree_it_says_which_option_to_give():
    with pytest.raises(ConfigError, match="--tree"):
        make("tree")


def test_texts_come_from_files_beside_the_tree_or_from_the_tree(tree, tmp_path):
    text = "<!-- name -->\nRhyme\n<!-- description -->\nDoes it rhyme?\n<!-- bands -->\n- 1-5: no\n- 6-10: yes\n"
    (tmp_path / "rhyme.en.md").write_text(text, encoding="utf-8")
    judge = tree('id = "t"\n[[leaf]]\npath = "rhyme"\ntext = "rhyme"\n' + leaf("look", name='"Look"'))
    for language in LANGUAGES:  # There is none in Chinese.
        asked = questions(judge, task(language=language))
        assert "Rhyme" in asked["rhyme",].prompt.tail
        assert "- 6-10: yes" in asked["rhyme",].prompt.tail
        assert "Look" in asked["look",].prompt.tail


def test_a_tree_and_texts_saved_with_a_byte_order_mark_are_those_without(tree, tmp_path):
    def hashes(mark):
        (tmp_path / "rhyme.en.md").write_text(f"{mark}<!-- name -->\nRhyme\n<!-- description -->\nDoes it rhyme?\n")
        return tree(mark + 'id = "t"\n[[leaf]]\npath = "rhyme"\ntext = "rhyme"\n').settings()["prompt_hash"]

    assert hashes("\ufeff") == hashes("")


def test_words_by_language_are_asked_in_the_tasks_language(tree):
    judge = tree(SMALL)
    assert "看是否有礼。" in questions(judge, task(language="zh"))["content/tone",].prompt.tail
    assert "Whether it is polite." in questions(judge, task(language="en"))["content/tone",].prompt.tail


def test_a_leaf_without_bands_is_asked_without_a_word_about_them(tree):
    (prompt, _) = (question.prompt for question in questions(tree(SMALL), task(reference=None)).values())
    assert not re.search(r"^- \d", prompt.tail, re.MULTILINE)
    assert '"score": <1-10>' in prompt.tail


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, None),
        ({"reference": 6}, None),
        ({"reference": 7}, "the reference text counts as 7."),
        ({"reference": "false"}, "the reference text is no measure here"),
        ({"high": 5}, None),
        ({"high": 5, "reference": 3}, "the reference text counts as 3."),
    ],
)
def test_a_leaf_says_what_the_reference_counts_as_where_it_is_not_six_of_ten(tree, settings, said):
    judge = tree('id = "t"\n' + leaf("a", **settings))
    (prompt,) = (question.prompt for question in questions(judge, task()).values())
    assert "counts as 6 unless" in prompt.shared
    assert ("reference" in prompt.tail) == (said is not None)
    assert (said or "") in prompt.tail


@pytest.mark.parametrize(
    ("weights", "expected"),
    [("equal", (6 + 10) / 2), ("leaves", (2 * 6 + 10) / 3), ("given", (3 * 6 + 0.5 * 10) / 3.5)],
)
def test_children_count_as_their_parent_says(tree, weights, expected):
    given = {"weight": 3} if weights == "given" else {}
    source = f'id = "t"\n[root]\nweights = "{weights}"\n' + node("a", **given) + leaf("a/x") + leaf("a/y")
    judge = tree(source + leaf("b", **({"weight": 0.5} if given else {})))
    assert root(judge, task(), {"a/x": 4.0, "a/y": 8.0, "b": 10.0}.__getitem__) == pytest.approx(expected)


def test_a_score_counts_what_its_step_says_in_this_preset(tree):
    steps = {"points": "[[2, 0], [4, 5], [5, 10]]", "points_upstream": "[[3, 0], [5, 1]]", "high": 5}
    source = 'id = "t"\n' + leaf("a", **steps)
    for preset, expected in (("paper", [0, 0, 5, 5, 10]), ("upstream", [0, 0, 0, 1, 1])):
        judge = tree(source, preset=preset)
        assert [root(judge, task(), lambda _, k=k: float(k)) for k in range(1, 6)] == expected


def test_skipped_nodes_and_leaves_are_gone_for_tasks_with_that_tag(tree):
    skip = "{task_type = ['completion', 'open']}"
    judge = tree('id = "t"\n' + node("a", skip=skip) + leaf("a/x") + leaf("b") + leaf("c", skip=skip))
    assert [path for path, _ in judge.rubric(task("completion")).leaves()] == ["b"]
    assert [path for path, _ in judge.rubric(task("guide")).leaves()] == ["a/x", "b", "c"]
    assert len(judge.settings()["rubric"]) == 2 * len(LANGUAGES)


def test_a_task_with_no_leaf_left_is_an_error_that_names_it(tree):
    judge = tree('id = "t"\n' + leaf("a", skip="{task_type = ['completion']}"))
    with pytest.raises(DataError, match=r"'t' skips all its leaves for task '1' of b"):
        judge.rubric(task("completion"))


def test_leaves_of_one_preset_are_gone_in_the_other(tree):
    source = 'id = "t"\n' + leaf("a") + leaf("b", presets='["upstream"]')
    assert len(questions(tree(source), task())) == 1
    assert len(questions(tree(source, preset="upstream"), task())) == 2


TWO_PLANNED = (
    'id = "t"\n[root]\nweights = "planned"\n'
    + node("a", weights='"planned"', label='"Alpha"')
    + "".join(leaf(path) for path in ("a/x", "a/y", "b"))
)


def test_several_planned_nodes_are_settled_in_one_call(tree):
    judge = tree(TWO_PLANNED)
    question = judge.plan(task())
    reply = {"root": {"a": 0.6, "b": 0.4}, "a": {"x": 0.9, "y": 0.1}}
    weights = question.read(plan_reply(reply)).weights
    assert weights == pytest.approx({"a": 0.6, "b": 0.4, "a/x": 0.9, "a/y": 0.1})
    assert root(judge, task(), {"a/x": 10.0, "a/y": 0.0, "b": 5.0}.__getitem__, weights) == pytest.approx(7.4)
    assert question.schema["properties"]["weights"]["required"] == ["root", "a"]
    for part in ("## root\n", "## a (Alpha)\n", "- a (Alpha)", "- x (x): d", '{"root": {"a": <...>, "b": <...>}'):
        assert part in question.prompt.tail


@pytest.mark.parametrize(
    "reply",
    [
        {"root": {"a": 0.6, "b": 0.4}},
        {"root": {"a": 0.6, "b": 0.4}, "a": 1},
        {"root": {"a": 0.6, "b": 0.4}, "a": {"x": 0.9, "y": 0.2}},
        {"root": {"a": 0.6, "b": 0.4}, "a": {"x": 0.9, "y": 0.1}, "b": {}},
        {"a": 0.6, "b": 0.4},
    ],
)
def test_a_plan_of_several_nodes_is_read_whole_or_not_at_all(tree, reply):
    with pytest.raises(VerdictError):
        tree(TWO_PLANNED).plan(task()).read(plan_reply(reply))


def test_a_child_that_is_not_asked_about_gets_the_mean_but_at_most_three_tenths(tree):
    source = 'id = "t"\n[root]\nweights = "planned"\n' + leaf("a") + leaf("b") + leaf("c", planned="false")
    weights = tree(source).plan(task()).read(plan_reply({"a": 0.6, "b": 0.4})).weights
    assert weights == pytest.approx({"a": 0.6 / 1.3, "b": 0.4 / 1.3, "c": 0.3 / 1.3})


def test_a_planned_node_with_one_child_left_is_not_planned(tree):
    skip = "{genre = ['letter']}"
    judge = tree('id = "t"\n[root]\nweights = "planned"\n' + leaf("a") + leaf("b", skip=skip))
    letter = type(task())(bench="b", id="1", instruction="Write.", tags={"genre": "letter"})
    assert judge.plan(task()) is not None
    assert judge.plan(letter) is None
    assert root(judge, letter, lambda _: 7.0) == 7.0


def test_changing_the_tree_or_a_text_changes_the_prompt_hash(tree, tmp_path):
    def prompt_hash(text, source='id = "t"\n[[leaf]]\npath = "a"\ntext = "a"\n'):
        (tmp_path / "a.en.md").write_text(f"<!-- name -->\nA\n<!-- description -->\n{text}\n", encoding="utf-8")
        return tree(source).settings()["prompt_hash"]

    assert prompt_hash("one") == prompt_hash("one")
    assert len({prompt_hash("one"), prompt_hash("two"), prompt_hash("one", 'id = "u"\n' + leaf("a"))}) == 3


T = 'id = "t"\n'
BAD = {
    "id = ": "not TOML",
    "[[leaf]]\npath = 'a'\ndescription = 'd'\n": "'id': field required",
    T: "'leaf': field required",
    T + "leaf = []": "'leaf': list should have at least 1 item",
    T + "leaf = 3": "'leaf': input should be a valid list",
    T + "leaf = [3]": "leaf number 1: input should be",
    T + "[[leaf]]\ndescription = 'd'\n": "leaf number 1: 'path': field required",
    T + leaf("a", lable='"x"'): "leaf 'a': there is no setting 'lable'",
    T + leaf("a", descripton='"x"'): "did you mean 'description'?",
    T + leaf("a", low='"1"'): "leaf 'a': 'low': input should be a valid integer",
    T + leaf("a", name="3"): "leaf 'a': 'name'",
    T + leaf("a", low=5, high=5): "leaf 'a': the scale goes from 5 to 5",
    T + leaf("a", reference=11): "leaf 'a': `reference` is 11, outside the scale 1-10",
    T + leaf("a", rule='"magic"'): "leaf 'a': there is no rule 'magic'; known: formatting",
    T + leaf("a", rule='"formatting"', low=0): "leaf 'a': a rule asks no model: leave out `low`",
    T + leaf("a", text='"a"'): "leaf 'a': it has a `text` file: leave out `description`",
    T + "[[leaf]]\npath = 'a'\n": "leaf 'a': it does not say what is judged",
    T + leaf("a", description='" "'): "leaf 'a': it does not say what is judged",
    T + "[[leaf]]\npath = 'a'\ntext = 'a'\n": "leaf 'a': there is neither a.en.md nor a.zh.md",
    T
    + leaf("a", bands='{"1-4" = "x", "6-10" = "y"}'): "leaf 'a': the bands 1-4, 6-10 do not go through the scale 1-10",
    T + leaf("a", bands='{"low" = "x"}'): "leaf 'a': band 'low' is no score",
    T + leaf("a", bands="{zh = {'1-10' = 'x'}}"): "leaf 'a': `bands` has no 'en'",
    T + leaf("a", points="[[4, 0], [9, 10]]"): r"leaf 'a': `points` go up to \[4\.0, 9\.0\]",
    T + leaf("a", points="[[7, 0], [4, 5], [10, 10]]"): "must ascend",
    T + leaf("a", points="[[4]]"): "leaf 'a': 'points'",
    T + leaf("a", weight=2): "leaf 'a': `weight` counts nothing here",
    T + leaf("a", weight="nan"): "leaf 'a': 'weight'",
    T + leaf("a", weight=0): "leaf 'a': 'weight': input should be greater than 0",
    T + leaf("a", planned="false"): "leaf 'a': `planned` says nothing here",
    T + leaf("a", presets="[]"): "leaf 'a': 'presets'",
    T + leaf("a", presets='["paper"]'): "no leaf is left in preset 'upstream'",
    T + leaf("a") + leaf("a"): "leaf 'a' stands twice",
    T + node("a") + node("a") + leaf("a/b"): "node 'a' stands twice",
    T + leaf("a") + leaf("a/b"): "leaf 'a': it is a node too",
    T + node("a") + leaf("a"): "leaf 'a': it is a node too",
    T + node("b") + leaf("a"): "node 'b': there is no leaf below it",
    T + leaf("/a"): "leaf '/a': 'path': '/a' is no path",
    T + leaf("root"): "no node called 'root'",
    T + node("") + leaf("a"): "node number 1: 'path'",
    T + '[root]\nweights = "fair"\n' + leaf("a"): "root: 'weights': input should be 'equal', 'leaves'",
    T + '[root]\nweights = "given"\n' + leaf("a"): "leaf 'a': no `weight`, though the weights of 'root' are given",
    T + '[root]\nweights = "planned"\n' + leaf("a"): "node 'root': 1 children to plan weights for",
}


@pytest.mark.parametrize("source", BAD)
def test_a_bad_tree_is_refused_with_its_file_the_place_and_what_to_do(tree, tmp_path, source):
    with pytest.raises(DataError, match=BAD[source]) as raised:
        tree(source)
    assert str(raised.value).startswith(f"{tmp_path / 'mine.toml'}: ")
    assert ";" in str(raised.value)


def test_all_bad_settings_are_named_at_once(tree):
    with pytest.raises(DataError) as raised:
        tree(T + leaf("a", low='"1"', high='"2"') + leaf("b", colour=1))
    assert len(str(raised.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing under `<!-- name -->`"),
        ("<!-- name -->\nA\n", "nothing under `<!-- description -->`"),
        ("<!-- name -->\nA\n<!-- description -->\nd\n<!-- ratings -->\n", "no section 'ratings'"),
        ("<!-- name -->\nA\n<!-- description -->\nd\n<!-- bands -->\n1-10 good\n", "'1-10 good' is no band"),
        ("<!-- name -->\nA\n<!-- description -->\nd\n<!-- bands -->\n- 1-9: good\n", "do not go through"),
        ("<!-- name -->\nA\n<!-- description -->\nd\n<!-- anchor -->\n{{score}}\n", "nothing fills {{score}}"),
        ("\udcff", "decode"),
    ],
)
def test_a_bad_text_file_is_named_with_its_leaf(tree, tmp_path, text, said):
    (tmp_path / "a.en.md").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError) as raised:
        tree(T + "[[leaf]]\npath = 'a'\ntext = 'a'\n")
    assert said in str(raised.value)
    assert "leaf 'a'" in str(raised.value)


def test_a_tree_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.toml: cannot be read as a tree"):
        make("tree", tree=tmp_path / "nowhere.toml")
