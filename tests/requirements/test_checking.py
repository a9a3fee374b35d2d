"""What each rule says about a text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penmark.errors import DataError
from penmark.records import Check, Requirement
from penmark.requirements import CHECKS, Finding, check, is_checkable, length_score
from penmark.requirements.finding import Bounds, count_finding
from penmark.requirements.languages import COMMON_WORDS, language_of


def verdict(name, arguments, text):
    return check(Requirement(kind="format", check=Check(name, arguments)), text)


# name, arguments, a text that obeys, a text that does not
CASES = [
    ("words", {"least": 3, "most": 4}, "one two three", "one two"),
    ("words", {"about": 100}, "字" * 110, "字" * 111),
    ("characters", {"most": 4}, "你好！ok"[:4], "你好！ok"),
    ("sentences", {"least": 2, "most": 2}, "One. Two!", "One. Two! Three?"),
    ("lines", {"least": 2}, "a\n\nb", "a"),
    ("paragraphs", {"least": 2, "most": 2}, "# Title\n\nOne.\n\nTwo.", "One.\n\nTwo.\n\nThree."),
    ("parts", {"separator": "***", "least": 2, "most": 2}, "One.\n***\nTwo.", "One. ***bold*** Two."),
    ("parts", {"separator": "******", "least": 2, "most": 2}, "One.\n******\nTwo.", "Same.\n******\nSame."),
    ("sections", {"least": 2, "most": 2}, "# T\n## A\nx\n## B\ny", "# T\n## A\nx"),
    ("sections", {"least": 2}, "一、甲\n文\n二、乙\n文", "甲\n乙"),
    ("marked_sections", {"marker": "Day", "least": 2}, "Day 1\nx\nDay 2\ny", "Day 1\nx\nday by night"[:7]),
    ("paragraph_start", {"paragraph": 2, "word": "yet"}, "One.\n\nYet two.", "Yet one.\n\nTwo."),
    ("paragraph_start", {"paragraph": -1, "word": "end"}, "One.\n\n*End* here.", "One.\n\nTwo."),
    ("each", {"part": "paragraph", "unit": "words", "most": 2}, "a b\n\nc", "a b\n\nc d e"),
    ("each", {"part": "item", "unit": "words", "least": 2}, "- a b\n- c d", "no list here"),
    ("each", {"part": "section", "unit": "words", "least": 2}, "## A\nx y\n## B\nz w", "## A\nx y\n## B\nz"),
    ("includes", {"words": ["sea", "rain"]}, "Rain on the sea.", "Rain on the seaside."),
    ("includes", {"words": ["春天"]}, "美丽的春天来了", "冬天"),
    ("excludes", {"words": ["die"]}, "Diet and studies.", "To die."),
    ("mentions", {"word": "knot", "least": 2}, "Knot by knot.", "A knot."),
    ("letters", {"letter": "q", "most": 1}, "Quick.", "Quick queen."),
    ("letters", {"letter": "#", "least": 2}, "#a #b", "#a"),
    ("no_commas", {}, "One; two.", "一，二"),
    ("lowercase", {}, "all small 1. 中文", "One capital"),
    ("uppercase", {}, "ALL BIG 1.", "ALL but one"),
    ("uppercase", {}, "ALL", "123"),
    ("capital_words", {"least": 2, "most": 2}, "NASA and COVID-19 are here", "NASA is here"),
    ("language", {"language": "de"}, "Das ist der Hund und die Katze.", "This is the dog and the cat."),
    ("starts_with", {"text": "那年夏天"}, "“那年夏天”，我们……", "夏天那年"),
    ("ends_with", {"text": "What next?"}, 'And so... **what next?**"', "What next? Nothing."),
    ("quoted", {}, '"All of it."', 'Not "all" of it.'),
    ("postscript", {"marker": "P.P.S"}, "Bye.\nP.P.S. One more.", "Bye.\nP.S. One more."),
    ("repeats", {"text": "Say hi."}, "say  hi.\nHi!", "Hi! Say hi."),
    ("bullets", {"least": 2, "most": 2}, "* a\n- b", "* a\n**b**"),
    ("numbered", {"least": 2}, "1. a\n2) b", "1.5 litres"),
    ("items", {"least": 2, "most": 2}, "- a\n1. b", "- a\n- b\n- c"),
    ("items", {"least": 2}, "第一条 甲\n文。\n第二条 乙\n文。", "甲\n乙"),
    ("headings", {"least": 1}, "**Why**\nBecause.", "Why. Because."),
    ("highlights", {"least": 2}, "*a* and **b c**", "2 * 3 * 4 and *a*"),
    ("placeholders", {"least": 2}, "[name] lives in [city]", "[x] [link](a) [name]"),
    ("json", {}, '```json\n{"a": 1}\n```', 'Here: {"a": 1}'),
    ("title", {}, "<<A title>>\ntext", "<<>> text"),
    ("table", {}, "| a | b |\n|---|---|\n| 1 | 2 |", "a | b"),
    ("one_of", {"phrases": ["My answer is yes.", "My answer is no."]}, "Well: my answer is no.", "Maybe."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments", "good", "bad"), CASES)
def test_a_rule_tells_the_text_that_obeys_from_the_one_that_does_not(name, arguments, good, bad):
    met, missed = verdict(name, arguments, good), verdict(name, arguments, bad)
    assert met.is_met, met
    assert met.distance == 0
    assert not missed.is_met, missed
    assert missed.distance > 0
    assert missed.explanation


def test_every_rule_has_a_case_here():
    assert {name for name, *_ in CASES} == set(CHECKS)


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_no_rule_stumbles_over_an_odd_text(name):
    arguments = next(arguments for known, arguments, *_ in CASES if known == name)
    for text in ("", "\n \n", "[[[", "```json", "*" * 50, "\ud800", "\u200b", "###### " * 30):
        assert isinstance(verdict(name, arguments, text), Finding)


def test_a_count_says_what_was_measured_and_how_far_off_it_is():
    assert verdict("words", {"least": 5}, "one two") == Finding(
        is_met=False, measured=2, distance=3.0, explanation="2 words; wanted at least 5"
    )
    assert verdict("words", {"about": 2000}, "字" * 1700).distance == 100.0


@pytest.mark.parametrize(("about", "low", "high"), [(2000, 1800, 2200), (15, 14, 16), (5, 4, 6), (1, 0, 2)])
def test_about_is_a_tenth_either_way_and_at_least_one(about, low, high):
    assert Bounds(about=about).allowed() == (low, high)


@given(st.integers(0, 300), st.integers(0, 200), st.integers(0, 200))
def test_the_distance_is_zero_exactly_where_the_count_is_allowed(measured, one, other):
    bounds = Bounds(least=min(one, other), most=max(one, other))
    finding = count_finding(measured, "words", bounds)
    assert finding.is_met == (bounds.least <= measured <= bounds.most) == (finding.distance == 0)
    moved = measured + finding.distance if measured < bounds.least else measured - finding.distance
    assert bounds.least <= moved <= bounds.most


@pytest.mark.parametrize(
    ("required", "written", "points"),
    [(1000, 1000, 100), (1000, 2000, 200 / 3), (1000, 4000, 0), (1000, 9000, 0), (1000, 500, 50), (900, 300, 0)],
)  # fmt: skip
def test_the_length_score_follows_its_formula(required, written, points):
    assert length_score(required, written) == pytest.approx(points)


@given(st.integers(1, 5000), st.integers(0, 20000))
def test_the_length_score_stays_within_its_scale_and_is_highest_at_the_required_length(required, written):
    assert 0 <= length_score(required, written) <= 100 == length_score(required, required)


@pytest.mark.parametrize(("required", "written"), [(0, 5), (-1, 5), (5, -1)])
def test_a_length_that_cannot_be_is_refused(required, written):
    with pytest.raises(ValueError, match="expected"):
        length_score(required, written)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Check("wordz", {}), "there is no check 'wordz'"),
        (Check("words", {}), "least, most or both"),
        (Check("words", {"least": 5, "most": 3}), "least <= most"),
        (Check("words", {"about": 5, "most": 9}), "about alone"),
        (Check("words", {"least": "5"}), "a whole number"),
        (Check("words", {"least": True}), "a whole number"),
        (Check("mentions", {"least": 1}), "missing: word"),
        (Check("json", {"least": 1}), "unknown: least"),
        (Check("each", {"part": "stanza", "unit": "words", "most": 1}), "one of paragraph"),
        (Check("includes", {"words": []}), "a list of texts"),
        (Check("language", {"language": "klingon"}), "one of ar"),
    ],
)
def test_a_check_that_no_rule_understands_is_refused_with_what_is_expected(wanted, told):
    assert not is_checkable(wanted)
    with pytest.raises(DataError, match=told):
        check(Requirement(kind="format", check=wanted), "text")


def test_a_requirement_without_a_check_points_to_the_judge_that_can_tell():
    with pytest.raises(DataError, match="--judge constraints"):
        check(Requirement(kind="style", text="be kind"), "text")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", ""), ("1 2 3 !", ""), ("今天天气很好。", "zh"), ("これは日本語の文章です。", "ja"), ("안녕하세요", "ko"),
        ("यह एक किताब है और मैं इसे पढ़ता हूँ", "hi"),
        ("हे पुस्तक आहे आणि ते चांगले आहे", "mr"), ("ਇਹ ਇੱਕ ਕਿਤਾਬ ਹੈ", "pa"),
        ("Это хорошая книга, и я не знаю, что на это сказать", "ru"),
        ("Това е книга, която ще се чете от всички", "bg"),
        ("این کتاب را از او خریدم که برای شما است", "fa"),
        ("هذا الكتاب من المكتبة التي في المدينة", "ar"),
        ("Este livro não é meu, mas uma amiga o comprou para mim", "pt"),
        ("El perro y los gatos son una familia", "es"),
        ("Le chat est dans la maison et les enfants sont des anges", "fr"), ("Kirja on hyvä ja se ei ole kallis", "fi"),
        ("Đây là một cuốn sách của tôi và tôi không cho ai mượn", "vi"), ("Plain English is what the text is in", "en"),
    ],
)  # fmt: skip
def test_a_language_is_told_by_its_script_or_its_common_words(text, language):
    assert language_of(text) == language


def test_every_language_of_a_shared_script_has_its_common_words():
    assert all(len(words.split()) >= 8 for languages in COMMON_WORDS.values() for words in languages.values())


@pytest.mark.parametrize("piece", ["\n", "*", "**a", "[a", "<<a", "|a|\n", "1.", "#"])
def test_a_check_takes_time_in_line_with_the_text(piece):
    """A text of 30,000 odd marks: what backtracks takes minutes."""
    text = piece * (30_000 // len(piece))
    started = time.process_time()
    for name, arguments in {name: arguments for name, arguments, *_ in CASES}.items():
        verdict(name, arguments, text)
    assert time.process_time() - started < 5
