"""What a text looks like, counted."""

import pytest

from penmark.text.style import style_counts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (0, 0, 0, 0)),
        ("# One\n\n## Two\ntext #3\n#no", (5, 2, 0, 0)),
        ("标题\n\n### 小标题\n\n- **要点**", (7, 1, 1, 1)),
    ],
)
def test_words_headings_items_and_bold_are_counted(text, expected):
    found = style_counts(text)
    assert list(found) == ["length", "headings", "list items", "bold"]
    assert tuple(found.values()) == expected


def test_list_items_and_bold_need_their_marks():
    assert style_counts("- a\n  * b\n1. c\n12) d\n-e\n3.14")["list items"] == 4
    assert style_counts("**bold** and __bold__ but ** not ** and *one*")["bold"] == 2
    assert style_counts("Plain words, 2*3*4 and a_b_c.")["bold"] == 0
