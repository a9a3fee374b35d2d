"""The same demands in many words, kind by kind: extraction is to know the demand, not one wording of it."""

import time

import pytest

from penmark.requirements import extract

YES_OR_NO = ["My answer is yes.", "My answer is no.", "My answer is maybe."]
COLOURS = ["Red it is.", "Blue it is."]
FIXED_ANSWERS = [
    ('Just say "Red it is." or "Blue it is." or "Green it is."', [*COLOURS, "Green it is."]),
    ("Pick one from:\nRed it is.\nBlue it is.\n\nGive no reason.", COLOURS),
    ('Answer with one of: "Red it is.", "Blue it is."', COLOURS),
    ("Your reply must contain exactly one of these sentences: 'Red it is.', 'Blue it is.'", COLOURS),
    ('Say either "Red it is." or "Blue it is." and nothing else.', COLOURS),
    ('Which do you like better? Reply with "Red it is." or "Blue it is."', COLOURS),
    ('The only answers allowed are "Red it is." and "Blue it is."', COLOURS),
    ("Is rain wet? Choose from: ['Red it is.', 'Blue it is.']", COLOURS),
    ("Is rain wet? You can only answer: “Red it is.” / “Blue it is.”", COLOURS),
    ("Your answer should be Red it is., or Blue it is. Possible answers: Red it is. / Blue it is.", COLOURS),
    ('Is rain wet? Your answer must be "My answer is yes.", "My answer is no." or "My answer is maybe."', YES_OR_NO),
    ('Is rain wet? Include one of "My answer is yes.", "My answer is no.", "My answer is maybe." in it.', YES_OR_NO),
    ("Is rain wet? Options:\n- Red it is.\n- Blue it is.\nGive your answer as one of them.", COLOURS),
]


@pytest.mark.parametrize(("query", "phrases"), FIXED_ANSWERS)
def test_the_answers_to_choose_from_are_read(query, phrases):
    assert ("one_of", {"phrases": phrases}) in checks(query)


MARKED_SECTIONS = [
    ("Write it in 4 sections and head each with Part 1, Part 2 and so on.", "Part", 4),
    ("There must be three sections, named SECTION 1, SECTION 2, SECTION 3.", "SECTION", 3),
    ("Your plan has at least 5 sections. Each one begins with 'Step X' where X is its number.", "Step", 5),
    ("Divide the tour into 3 stops. Mark each stop with STOP X.", "STOP", 3),
    ("Use this form:\nChapter 1\n[text]\nChapter 2\n[text]\nChapter 3\n[text]", "Chapter", 3),
    ("Please write two scenes; label every scene as Scene #.", "Scene", 2),
    ("The guide should have 6 parts, each labelled 'Lesson' followed by its number.", "Lesson", 6),
    ("Give 4 sections, with the headings Day 1 to Day 4.", "Day", 4),
    ("Separate your answer into 2 sections: Round 1 and Round 2.", "Round", 2),
    ("It must contain 3 sections that are marked with PARAGRAPH X.", "PARAGRAPH", 3),
    ("Mark the beginning of each of the 7 sections with Week X, such as:\nWeek 1\n[text]\nWeek 2\n[text]", "Week", 7),
    ("Your answer needs 2 sections; start them with Audience X.", "Audience", 2),
]


@pytest.mark.parametrize(("query", "marker", "least"), MARKED_SECTIONS)
def test_sections_are_read_with_the_word_that_marks_them(query, marker, least):
    found = [arguments for name, arguments in checks(query) if name == "marked_sections"]
    assert found == [{"marker": marker, "least": least}]


HIGHLIGHTS = [
    ("Italicize at least 3 keywords. Wrap them with asterisks, like *so*.", 3),
    ("At least 3 sections should be highlighted in markdown.", 3),
    ("Highlight two or more key phrases, for example *like this*.", 2),
    ("Use *italics* for at least four words.", 4),
    ("Make at least 2 parts of the letter italic, using * on both sides.", 2),
    ("Have a minimum of three highlighted phrases.", 3),
    ("Put at least 5 words in bold.", 5),
    ("Emphasize no fewer than 2 sentences in markdown, such as *this one*.", 2),
    ("Include at least one *highlighted section*.", 1),
    ("There should be 4 or more passages that you highlight with asterisks.", 4),
    ("Use markdown to highlight the main points, at least 3 of them.", 3),
    ("The reply must have at least six sections marked like *this*.", 6),
    ("I want you to bold at least 3 important terms.", 3),
    ("Surround at least 2 phrases with asterisks (*phrase*).", 2),
    ("Highlight the names of the rivers with markdown, e.g. *Rhine*; there should be at least 4 of them.", 4),
    ("Make sure to highlight at least one section in your poem with markdown, i.e. use *highlighted section*.", 1),
    ("Your answer has at least 2 text sections highlighted, i.e. *so*.", 2),
    ("Italicize three or more titles.", 3),
    ("Highlight important sections in it. At least 3 should be highlighted.", 3),
    ("Set a minimum of 2 parts of your answer in italics.", 2),
    ("Provide at least 3 highlighted text parts, e.g., *so*.", 3),
]


@pytest.mark.parametrize(("query", "least"), HIGHLIGHTS)
def test_highlighted_passages_are_counted(query, least):
    assert ("highlights", {"least": least}) in checks(query)
    assert not {name for name, _ in checks(query)} & {"sections", "sentences", "words", "marked_sections"}


SEPARATED = [
    ("Separate the riddle and its answer with ***.", 2),
    ("A tree grows for 9 years. How tall is it? Separate your reasoning and the result by ***.", 2),
    ("Write 3 paragraphs and put *** between them.", 3),
    ("Use the form:\nfirst thought\n***\nsecond thought\n***\nthird thought", 3),
    ("Two paragraphs, please, divided by three asterisks: ***", 2),
    ("Tell me 4 stories. Between two stories there is a line with ***.", 4),
    ("Separate the paragraphs with ***. There are exactly five paragraphs.", 5),
    ("I need a text of two paragraphs, with '***' as the separator.", 2),
    ("Split the answer into six parts with the markdown divider ***.", 6),
    ("Use *** to separate the 3 riddles.", 3),
    ("Write two poems with *** in between.", 2),
    ("Have the paragraphs divided with ***, and have 3 of them.", 3),
    ("Give each of the four seasons a paragraph of its own. Paragraphs are separated by ***.", 4),
    ("Paragraph 1\n***\nParagraph 2\n\nis what your answer should look like.", 2),
]


@pytest.mark.parametrize(("query", "count"), SEPARATED)
def test_parts_between_three_stars_are_counted(query, count):
    found = [arguments for name, arguments in checks(query) if name == "parts"]
    assert found == [{"separator": "***", "least": count, "most": count}]


INCLUDED = [
    ('Write about a harbour. Mention "salt" in it.', ["salt"]),
    ('Write a rant and include the line "oh dear".', ["oh dear"]),
    ('One of the verses should contain the keyword "salt".', ["salt"]),
    ("Use the keywords: sea, salt, wind.", ["sea", "salt", "wind"]),
    ("Keywords to include: sea, salt, wind.", ["sea", "salt", "wind"]),
    ("The words 'sea' and 'salt' must be in the poem.", ["sea", "salt"]),
    ("Make sure that 'sea' and 'salt' appear in it.", ["sea", "salt"]),
    ('Your poem has to contain both "sea" and "salt".', ["sea", "salt"]),
    ("Include the following words in your poem: sea, salt.", ["sea", "salt"]),
    ("Include the keywords sea and salt in the poem.", ["sea", "salt"]),
    ("Include keywords ['sea', 'salt'] in the response.", ["sea", "salt"]),
    ("Include the word sea.", ["sea"]),
    ("Write with the keywords sea, salt and wind.", ["sea", "salt", "wind"]),
    ('Please use the words "sea" and "salt" somewhere.', ["sea", "salt"]),
    ('It should mention "salt" and "sea".', ["salt", "sea"]),
    ("The following keywords must be included: sea, salt.", ["sea", "salt"]),
    ("Include the terms: sea; salt; wind.", ["sea", "salt", "wind"]),
]


@pytest.mark.parametrize(("query", "words"), INCLUDED)
def test_words_to_include_are_read(query, words):
    included = [arguments for name, arguments in checks(query) if name == "includes"]
    assert sorted(word for arguments in included for word in arguments["words"]) == sorted(words)


OTHER_THAN_INCLUDED = [
    ("Avoid using the word salt more than twice.", ("mentions", {"word": "salt", "most": 2})),
    ("Avoid using the letter z more than 3 times.", ("letters", {"letter": "z", "most": 3})),
    ("Put in 4 or more exclamation marks.", ("letters", {"letter": "!", "least": 4})),
    ('Use the word "sea" in it, at least three times.', ("mentions", {"word": "sea", "least": 3})),
    ("Include the word sea in your answer at least 2 times.", ("mentions", {"word": "sea", "least": 2})),
    ("Use the keyword 'sea' no more than 3 times.", ("mentions", {"word": "sea", "most": 3})),
    ("Mention the word salt twice or more.", ("mentions", {"word": "salt", "least": 2})),
    ("At least five times, use the word 'salt'.", ("mentions", {"word": "salt", "least": 5})),
    ("The poem must have the word salt in it three or more times.", ("mentions", {"word": "salt", "least": 3})),
    ("Make the word sea appear at least 3 times.", ("mentions", {"word": "sea", "least": 3})),
    ("Make sure the word sea comes up less than 4 times.", ("mentions", {"word": "sea", "most": 3})),
    ("The words sea and salt should not be used.", ("excludes", {"words": ["sea", "salt"]})),
    ("Leave out the words 'sea' and 'salt'.", ("excludes", {"words": ["sea", "salt"]})),
    ("Keep the words sea and salt out of it.", ("excludes", {"words": ["sea", "salt"]})),
    ("Stay away from the words 'sea' and 'salt'.", ("excludes", {"words": ["sea", "salt"]})),
    ("Forbidden words: sea, salt.", ("excludes", {"words": ["sea", "salt"]})),
    ("The following words are not allowed: sea, salt.", ("excludes", {"words": ["sea", "salt"]})),
    ('Exclude the words "sea" and "salt".', ("excludes", {"words": ["sea", "salt"]})),
    ("Don't use the following words: sea, salt.", ("excludes", {"words": ["sea", "salt"]})),
]


@pytest.mark.parametrize(("query", "expected"), OTHER_THAN_INCLUDED)
def test_words_with_a_count_and_words_to_leave_out_are_not_words_to_include(query, expected):
    assert expected in checks(query)
    assert "includes" not in {name for name, _ in checks(query)}


NO_DEMAND = [
    ("Set nothing in italics or bold.", "highlights"),
    ("Write a letter without italics, and do not highlight anything in markdown.", "highlights"),
    ("The firm makes all-caps keyboards; write their slogan.", "uppercase"),
    ("Explain why some people write in lowercase on purpose.", "lowercase"),
    ("Explain what lowercase letters are.", "lowercase"),
    ("Write a function that turns a string to lowercase.", "lowercase"),
    ("What does it mean when someone writes in all caps?", "uppercase"),
    ("Should I write this sign in capital letters?", "uppercase"),
    ("You need not answer in all capital letters.", "uppercase"),
    ("Write a tutorial about parsing a JSON object in Python.", "json"),
    ("What is the difference between XML and JSON format?", "json"),
    ("Do not answer in JSON format.", "json"),
    ("My teacher made me write a 500-word essay. Cheer me up.", "words"),
    ("I have written 300 words of my novel. How do I go on?", "words"),
    ("Summarise the 2,000-word article that follows.", "words"),
    ("A picture is worth a thousand words. Explain the saying.", "words"),
    ("Is a 500 word minimum fair to pupils?", "words"),
    ("Write a headline about a boy who knows 10,000 words.", "words"),
    ('Explain the meaning of the phrase "break a leg".', "includes"),
    ('Is the word "irregardless" used in good writing?', "includes"),
    ('Write a poem about someone with the words "so long" on his arm.', "includes"),
    ('What rhymes with the word "orange"?', "includes"),
]


@pytest.mark.parametrize(("query", "name"), NO_DEMAND)
def test_what_a_query_speaks_about_is_not_demanded_of_the_answer(query, name):
    assert name not in {found for found, _ in checks(query)}


CASE_LENGTH_FORMAT = [
    ("Everything must be lower case.", ("lowercase", {})),
    ("Please avoid capital letters altogether.", ("lowercase", {})),
    ("No capitals, please.", ("lowercase", {})),
    ("Type the whole answer in caps lock.", ("uppercase", {})),
    ("Use capital letters only.", ("uppercase", {})),
    ("The entire letter should be capitalized.", ("uppercase", {})),
    ("Output valid JSON and nothing else.", ("json", {})),
    ("Wrap the entire output in JSON.", ("json", {})),
    ("Keep it below 90 words.", ("words", {"most": 89})),
    ("Your answer needs to have 200 words or more.", ("words", {"least": 200})),
    ("Do it in no more than 150 words.", ("words", {"most": 150})),
    ("It must be at least 400 words long.", ("words", {"least": 400})),
    ("Let the letter z appear fewer than three times.", ("letters", {"letter": "z", "most": 2})),
    ("Use the letter z 4 times or more.", ("letters", {"letter": "z", "least": 4})),
]


@pytest.mark.parametrize(("query", "expected"), CASE_LENGTH_FORMAT)
def test_case_length_and_format_are_read_in_other_words(query, expected):
    assert expected in checks(query)


def checks(query):
    return [(r.check.name, dict(r.check.arguments)) for r in extract(query) if r.check]


@pytest.mark.parametrize(
    "query",
    [
        "Write two songs with six asterisks between them:\nSong 1\n******\nSong 2",
        "Use bullet points:\n* Bullet 1\n* Bullet 2",
        "Planet X has 3 parts. Write about Generation X.",
    ],
)
def test_what_only_looks_like_a_marker_marks_no_section(query):
    assert "marked_sections" not in {name for name, _ in checks(query)}


def test_a_query_that_repeats_one_amount_hundreds_of_times_is_read_at_once():
    started = time.process_time()
    extract("5 words " * 350 + "in bold")
    assert time.process_time() - started < 1.5
