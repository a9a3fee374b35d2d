import json

import pytest

from penmark.build.documents import read_documents, usable
from penmark.errors import DataError


def test_a_folder_gives_its_text_files_by_path_and_nothing_hidden(tmp_path):
    for name in ("b.txt", "a.md", "deep/中文.TXT", ".git/x.txt", "deep/.x.md", "picture.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"\ufeff\n  Text of {name}. 春天。\n" if "中" in name else f"Text of {name}.\n")
    documents = read_documents([tmp_path], "d")
    assert [d.id for d in documents] == ["a", "b", "deep/中文"]
    assert [d.reference for d in documents[:2]] == ["Text of a.md.", "Text of b.txt."]
    assert all(d.instruction == "" and d.bench == "d" for d in documents)


def test_lines_may_name_id_genre_and_language(tmp_path):
    rows = [{"text": "One."}, {"text": "二。", "id": "zwei", "genre": "letter", "lang": "zh", "domain1": "Home"}]
    (tmp_path / "d.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    one, two = read_documents([tmp_path / "d.jsonl"], "d")
    assert (one.id, one.language, two.id) == ("d-1", "en", "zwei")
    assert two.tags == {"language": "zh", "genre": "letter", "domain1": "Home"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.txt", None, r"gone\.txt: cannot be read .*check the path"),
        ("old.txt", "Café".encode("latin-1"), r"old\.txt: not UTF-8 \(byte 3\); .*iconv"),
        ("paper.pdf", b"%PDF", r"paper\.pdf: neither a folder nor .*convert it"),
        ("d.jsonl", b'{"txet": "x"}', r"d\.jsonl:1: txet: not a field of a document"),
        ("d.jsonl", b'{"text": " "}', r"d\.jsonl:1: text: empty"),
        ("empty", "folder", r"empty: no \.txt or \.md file in it"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_remedy(tmp_path, name, content, said):
    if content == "folder":
        (tmp_path / name).mkdir()
    elif content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=said):
        read_documents([tmp_path / name], "d")


def test_two_documents_of_one_name_are_refused(tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "memo.txt").write_text(folder)
    with pytest.raises(DataError, match="two documents are called 'memo'"):
        read_documents([tmp_path / "x" / "memo.txt", tmp_path / "y" / "memo.txt"], "d")


def test_short_long_and_repeated_texts_are_left_out_with_the_reason(tmp_path):
    texts = {
        "a": "one two three",
        "b": "one  two\nthree",
        "c": "one",
        "d": "春天来了吗？",
        "e": "one two three four five six",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    kept, left_out = usable(read_documents([tmp_path], "d"), 2, 5)
    assert [d.id for d in kept] == ["a", "d"]
    assert left_out == [
        ("b", "the same text as a"),
        ("c", "1 word, wanted 2 to 5"),
        ("e", "6 words, wanted 2 to 5"),
    ]
