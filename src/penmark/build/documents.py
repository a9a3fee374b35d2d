"""One's own documents, to make writing tasks from: text files, folders of them, or a JSONL file.

A document is read as a task that has no instruction yet: its text is the reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from penmark.build.prompts import LANGUAGES
from penmark.errors import DataError
from penmark.jsonl import Row, raise_problems, read_jsonl
from penmark.protocols import Problem
from penmark.records import Task, content_key
from penmark.text import amount, count_words, language

TEXT_FILES = (".txt", ".md")
FIELDS = ("id", "text", "genre", "lang", "domain1", "domain2")


def read_documents(sources: Sequence[Path], bench: str) -> list[Task]:
    """The documents of all sources in their order, those of a folder by path; each a task with its text as reference.

    A text file's id is its path within the folder, or its name, without the suffix; a line of a JSONL file of
    {"text"} may give one as `id`, beside genre, lang, domain1 and domain2.

    Args:
        sources: text files (.txt, .md), folders of them, JSONL files.
        bench: what the tasks' benchmark is called meanwhile.

    Raises:
        DataError: when a source is not there or not readable as UTF-8, a record is malformed, or an id stands twice.
    """
    documents = [document for source in sources for document in _read_source(source, bench)]
    places: set[str] = set()
    for document in documents:
        if document.id in places:
            raise DataError(
                f"two documents are called {document.id!r}; rename one of the files, or give them an `id` each in JSONL"
            )
        places.add(document.id)
    return documents


def usable(documents: Iterable[Task], shortest: int, longest: int) -> tuple[list[Task], list[tuple[str, str]]]:
    """The documents of a fitting length, each text once, and (id, why it is left out) of the others.

    Args:
        documents: as read.
        shortest: fewest words, where each CJK character counts one.
        longest: most words.
    """
    kept: list[Task] = []
    left_out: list[tuple[str, str]] = []
    seen: dict[str, str] = {}
    for document in documents:
        text = document.reference or ""
        words, twin = count_words(text), seen.setdefault(content_key("document", text.split()), document.id)
        if twin != document.id:
            left_out.append((document.id, f"the same text as {twin}"))
        elif not shortest <= words <= longest:
            left_out.append((document.id, f"{amount(words, 'word')}, wanted {shortest:,} to {longest:,}"))
        else:
            kept.append(document)
    return kept, left_out


def _read_source(source: Path, bench: str) -> Iterator[Task]:
    if source.is_dir():
        files = sorted(f for f in source.rglob("*") if f.suffix.lower() in TEXT_FILES and not _is_hidden(f, source))
        if not files:
            raise DataError(f"{source}: no {' or '.join(TEXT_FILES)} file in it; name a folder with documents")
        for file in files:
            yield _document(bench, file.relative_to(source).with_suffix("").as_posix(), _read_text(file), {})
    elif source.suffix.lower() in TEXT_FILES:
        yield _document(bench, source.stem, _read_text(source), {})
    elif source.suffix.lower() == ".jsonl":
        yield from _read_lines(source, bench)
    else:
        raise DataError(
            f"{source}: neither a folder nor a {', '.join(TEXT_FILES)} or .jsonl file; convert it to text first, such "
            f"as with pandoc"
        )


def _is_hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _read_text(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: not UTF-8 (byte {error.start}); convert it, such as with iconv -t UTF-8") from error
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}); check the path and its permissions") from error
    return text.strip()


def _read_lines(file: Path, bench: str) -> Iterator[Task]:
    problems: list[Problem] = []
    documents = [_read_line(row, bench) for row in read_jsonl(file, problems)]
    raise_problems(problems)
    yield from documents


def _read_line(row: Row, bench: str) -> Task:
    for name in row.values:
        if name not in FIELDS:
            row.report(name, "not a field of a document", f"use {', '.join(FIELDS)}, or leave it out")
    tags = {name: row.text(name) for name in ("genre", "domain1", "domain2") if name in row.values}
    if "lang" in row.values:
        tags["language"] = row.choice("lang", LANGUAGES)
    name = row.text("id") if "id" in row.values else f"{row.path.stem}-{row.line}"
    return _document(bench, name, row.text("text").strip(), tags)


def _document(bench: str, name: str, text: str, tags: dict[str, str]) -> Task:
    return Task(bench=bench, id=name, instruction="", reference=text, tags={"language": language(text), **tags})
