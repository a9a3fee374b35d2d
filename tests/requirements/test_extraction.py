"""What extraction reads out of a query, demand by demand."""

import pytest

from penmark.records import Check
from penmark.requirements import CHECKS, extract
from penmark.requirements.extraction import WINDOW_CHARS, find


def checks(query):
    return [(r.check.name, dict(r.check.arguments)) for r in extract(query) if r.check]


def only(query):
    (found,) = checks(query)
    return found


@pytest.mark.parametrize(
    ("query", "name", "arguments"),
    [
        ("写一篇2000字左右的散文。", "words", {"about": 2000}),
        ("写一篇散文，不少于800字。", "words", {"least": 800}),
        ("写一段祝福语，字数控制在100-150字之间。", "words", {"least": 100, "most": 150}),
        ("写评语，500字以内。", "words", {"most": 500}),
        ("写一份3-5千字的报告。", "words", {"least": 3000, "most": 5000}),
        ("写一份方案，不得少于2万字。", "words", {"least": 20000}),
        ("正文超过三千字。", "words", {"least": 3001}),
        ("Write 50–70 words about rain.", "words", {"least": 50, "most": 70}),
        ("Write a 500-word story.", "words", {"about": 500}),
        ("Write a 300+ word summary.", "words", {"least": 300}),
        ("Answer in fewer than 1,200 words.", "words", {"most": 1199}),
        ("Use 45 or less words.", "words", {"most": 45}),
        ("Do not write more than fifty words.", "words", {"most": 50}),
        ("The number of words should be 250 or more.", "words", {"least": 250}),
        ("Write exactly six sentences.", "sentences", {"least": 6, "most": 6}),
        ("Answer in 5 or 6 sentences.", "sentences", {"least": 5, "most": 6}),
        ("用三句话介绍杭州，控制在三句话。", "sentences", {"least": 3, "most": 3}),
        ("Write a five line poem.", "lines", {"least": 5, "most": 5}),
        ("全文控制在20个字符以内。", "characters", {"most": 20}),
    ],
)
def test_the_length_of_a_text_is_read_with_its_unit_and_bounds(query, name, arguments):
    assert only(query) == (name, arguments)


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        ("每段不少于200字。", {"part": "paragraph", "unit": "words", "least": 200}),
        ("List five tips, every sentence under 12 words.", {"part": "sentence", "unit": "words", "most": 11}),
        ("Each paragraph should have 40 to 60 words.", {"part": "paragraph", "unit": "words", "least": 40, "most": 60}),
    ],
)
def test_the_length_of_each_part_is_not_that_of_the_whole(query, arguments):
    assert ("each", arguments) in checks(query)
    assert not [name for name, _ in checks(query) if name == "words"]


def test_the_whole_may_have_a_length_beside_that_of_its_parts():
    found = checks("每段不少于200字，全文2000字左右。")
    assert found == [("each", {"part": "paragraph", "unit": "words", "least": 200}), ("words", {"about": 2000})]


@pytest.mark.parametrize(
    "query", ["每篇评论150-200字。", "Each comment should be 50-100 words.", "写一份10分钟的演讲稿。"]
)
def test_a_length_that_no_rule_can_check_is_a_requirement_without_a_check(query):
    (requirement,) = extract(query)
    assert requirement.kind == "length"
    assert requirement.check is None
    assert requirement.quote


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("There should be exactly 3 paragraphs.", ("paragraphs", {"least": 3, "most": 3})),
        ("分为4-5个自然段落。", ("paragraphs", {"least": 4, "most": 5})),
        ("4 paragraphs, with the markdown divider: ***", ("parts", {"separator": "***", "least": 4, "most": 4})),
        ("Give two different answers, separated by ******.", ("parts", {"separator": "******", "least": 2, "most": 2})),
        ("全文分为四个部分。", ("sections", {"least": 4, "most": 4})),
        ("3 sections. Mark the start of each section with Day X.", ("marked_sections", {"marker": "Day", "least": 3})),
        ("The second paragraph must start with the word 'Yet'.", ("paragraph_start", {"paragraph": 2, "word": "yet"})),
        ("Include the keywords 'rain' and 'sea'.", ("includes", {"words": ["rain", "sea"]})),
        ("The words startup and capsule cannot be in the answer.", ("excludes", {"words": ["startup", "capsule"]})),
        ("Avoid mentioning \"photography\".", ("excludes", {"words": ["photography"]})),
        ("The word knot should appear at least 2 times.", ("mentions", {"word": "knot", "least": 2})),
        ("The word 'future' should appear at most once.", ("mentions", {"word": "future", "most": 1})),
        ("使用“春天”“希望”这两个词。", ("includes", {"words": ["春天", "希望"]})),
        ("不要出现“失败”一词。", ("excludes", {"words": ["失败"]})),
        ("“创新”一词要写，使用关键词“创新”至少出现3次。", ("mentions", {"word": "创新", "least": 3})),
        ("The letter q should appear at least 6 times.", ("letters", {"letter": "q", "least": 6})),
        ("Do not include the letter 'c' anywhere.", ("letters", {"letter": "c", "most": 0})),
        ("Refrain from using any commas.", ("no_commas", {})),
        ("全文不要使用逗号。", ("no_commas", {})),
        ("Answer in lowercase letters only.", ("lowercase", {})),
        ("Write it in all capital letters.", ("uppercase", {})),
        ("No lowercase letters are allowed.", ("uppercase", {})),
        ("Words in all capital letters should appear at least 3 times.", ("capital_words", {"least": 3})),
        ("Use only Hindi in your answer, no other language is allowed.", ("language", {"language": "hi"})),
        ("请用英文写作。", ("language", {"language": "en"})),
        ('End the rant with the phrase "What next?"', ("ends_with", {"text": "What next?"})),
        ("以“愿君安好”结尾。", ("ends_with", {"text": "愿君安好"})),
        ("以“那年夏天”开头。", ("starts_with", {"text": "那年夏天"})),
        ("Wrap your entire response with double quotation marks.", ("quoted", {})),
        ("Add a postscript starting with P.P.S", ("postscript", {"marker": "P.P.S"})),
        ("Why is the sky blue?\nRepeat the question above first.", ("repeats", {"text": "Why is the sky blue?"})),
        ("Use exactly 4 bullet points.", ("bullets", {"least": 4, "most": 4})),
        ("List exactly five reasons for it.", ("items", {"least": 5, "most": 5})),
        ("列出不少于3条建议。", ("items", {"least": 3})),
        ("请列举五点理由。", ("items", {"least": 5, "most": 5})),
        ("Highlight at least 2 sections, i.e. *so*.", ("highlights", {"least": 2})),
        ("Include at least five placeholders such as [name].", ("placeholders", {"least": 5})),
        ("Answer in JSON format.", ("json", {})),
        ("Give it a title in double angular brackets.", ("title", {})),
        ("以表格形式呈现数据。", ("table", {})),
        ("Show the data in a table.", ("table", {})),
        ("各部分加小标题。", ("headings", {"least": 1})),
        ("Give a numbered list of reasons.", ("numbered", {"least": 1})),
    ],
)  # fmt: skip
def test_a_demand_is_read_with_its_arguments(query, expected):
    assert expected in checks(query)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "Write a poem about the sea.",
        "In 2024 the firm sold 300 cars and hired 12 people.",
        "他只说了一句，就走了。“世界”一词含义很广。",
        "The story has 3 characters named Ann, Bo and Cy.",
        "The article length needs to increase by 300-500 words.",
    ],
)
def test_what_is_no_demand_is_not_read_as_one(query):
    assert not [check for check in checks(query) if check[0] not in ("headings",)]


def test_the_words_a_demand_comes_from_stand_in_the_query():
    query = "写一篇散文。\n要求：800字左右；分为三个部分，不要使用逗号。"
    requirements = extract(query)
    assert [r.check.name for r in requirements] == ["words", "sections", "no_commas"]
    assert all(r.quote and r.quote in query for r in requirements)


def test_a_demand_said_twice_is_one():
    assert len(extract("About 500 words, I mean about 500 words.")) == 1


def test_the_middle_of_a_long_query_is_material_and_demands_nothing():
    material = "第三条 报告不得少于500字。" * 10
    filler = "正文。" * WINDOW_CHARS
    assert checks(f"请解读下列法规，3000字以上。{filler}{material}{filler}") == [("words", {"least": 3000})]


def test_every_check_that_is_read_has_a_rule_or_is_left_without_a_check():
    query = "Each stanza under 40 words, a 5-minute speech, exactly two sentences."
    assert {demand.check.name for demand in find(query)} == {"each", "minutes", "sentences"}
    assert [r.check for r in extract(query) if r.check] == [Check("sentences", {"least": 2, "most": 2})]
    assert {r.check.name for r in extract(query) if r.check} <= CHECKS.keys()


@pytest.mark.parametrize(
    "query",
    [
        "开头200字简要介绍背景，中间600-700字分析。", "Give it a headline of no more than eight words.",
        "Let the final words be a slogan of at most four words.", "No cue may exceed twelve words.",
        "The narration alone must be 80 to 110 words.", "加一个不超过六字的小标题。",
    ],
)  # fmt: skip
def test_the_length_of_a_named_part_is_not_that_of_the_whole(query):
    assert {demand.check.name for demand in find(query)} - {"headings"} == {"each"}
    assert not [name for name, _ in checks(query) if name == "words"]


def test_a_total_said_after_the_parts_is_that_of_the_whole():
    assert checks("Write 1,000 words per section, totaling 3,000 words.") == [
        ("each", {"part": "section", "unit": "words", "about": 1000}),
        ("words", {"about": 3000}),
    ]


@pytest.mark.parametrize(
    ("query", "bounds"),
    [
        ("Use exactly three headings.", {"least": 3, "most": 3}), ("Write it with no headings.", {"most": 0}),
        ("分三段，不加小标题。", {"most": 0}), ("加一个不超过六字的小标题。", {"least": 1}),
    ],
)  # fmt: skip
def test_headings_may_be_counted_wanted_or_unwanted(query, bounds):
    assert ("headings", bounds) in checks(query)


@pytest.mark.parametrize(
    "query",
    [
        "再用一句话交代时间。", "Begin with a line starting 'Aim:' with one sentence.", "要写到一句人物的话。",
        "Start with a headline, follow with one paragraph.", "The three paragraphs should be warm.",
        "Avoid stock phrases such as these.", "The document has some words altogether.",
    ],
)  # fmt: skip
def test_a_part_that_is_only_named_is_no_count(query):
    assert checks(query) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Give me five jokes, separated by ***.", ("parts", {"separator": "***", "least": 5, "most": 5})),
        ("Plan it in 3 sections; label them Stage X.", ("marked_sections", {"marker": "Stage", "least": 3})),
        ("Put in at least 2 *highlighted parts*.", ("highlights", {"least": 2})),
        ("Italicize the names of at least 3 rivers.", ("highlights", {"least": 3})),
        ("Pick one of the following options: ('Yes.', 'No.').", ("one_of", {"phrases": ["Yes.", "No."]})),
        ("Choose from the following:\nYes.\nNo.", ("one_of", {"phrases": ["Yes.", "No."]})),
        ("The essay should include the words sun, moon and star.", ("includes", {"words": ["sun", "moon", "star"]})),
    ],
)  # fmt: skip
def test_a_demand_may_be_worded_in_another_way(query, expected):
    assert expected in checks(query)


def test_what_follows_a_number_of_words_is_no_keyword():
    assert checks("Use at least 300 words describing the sea.") == [("words", {"least": 300})]


def test_capital_letters_that_highlight_are_no_highlighted_sections():
    query = "Use words in all capital letters to highlight skills, but less than 10 times."
    assert {name for name, _ in checks(query)} == {"capital_words"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("The word fake should appear 6 or 7 times.", ("mentions", {"word": "fake", "least": 6, "most": 7})),
        ("Limit the number of words in all caps to less than 4.", ("capital_words", {"most": 3})),
        ("The number of words in capital letters should be 2 or more.", ("capital_words", {"least": 2})),
        ("Commas are not allowed.", ("no_commas", {})),
        ("Not a single letter of it is capitalized.", ("lowercase", {})),
        ("Capitalize every letter.", ("uppercase", {})),
        ("Outside of Arabic, no other language is allowed.", ("language", {"language": "ar"})),
        ('Just say "Yes, sir." or "No, sir."', ("one_of", {"phrases": ["Yes, sir.", "No, sir."]})),
        ("End with the exact phrase Shall we go?", ("ends_with", {"text": "Shall we go?"})),
        ("The number of sentences of it should be in the range of 40 to 60.", ("sentences", {"least": 40, "most": 60})),
        ("Write 6 stanzas. Separate the stanzas with ***.", ("parts", {"separator": "***", "least": 6, "most": 6})),
        ("Avoid stock phrases such as 'at your service'.", ("excludes", {"words": ["at your service"]})),
        ("Include the keywords 'sea' and 'sun' and do not use commas.", ("includes", {"words": ["sea", "sun"]})),
    ],
)  # fmt: skip
def test_demands_that_were_missed_once_are_found(query, expected):
    assert expected in checks(query)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("At least 5 words in it should be in all caps.", {"capital_words"}),
        ("Limit the number of words with all capital letters to less than four.", {"capital_words"}),
        ('End with "Shall I go with?", with no words after the word "with".', {"ends_with"}),
        ("Repeat the first four sentences of the text.", {"repeats"}),
    ],
)
def test_demands_that_were_mistaken_once_are_not(query, names):
    assert {name for name, _ in checks(query)} == names
