"""Brings a benchmark's files from their upstream repository: resumable, and verified by git blob id.

Where a blob id is not known, the first download is held to what can be checked: all announced bytes came, and every
line of a JSONL file is an object. Its SHA-256 is kept beside it, as `NAME.REVISION.sha256` (for `sha256sum -c`), and
what is there later, or comes again, must be that.
"""

import hashlib
import os
import random
import re
from asyncio import sleep
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from urllib.parse import quote

import aiohttp

from penmark.errors import DataError
from penmark.jsonl import read_jsonl
from penmark.protocols import Problem

RAW_BASE_URL = "https://raw.githubusercontent.com"
CHUNK_BYTES = 1 << 16
RETRIES = 4
RETRIED_STATUSES = frozenset({408, 425, 429})  # and every 5xx
BACK_OFF_S = 0.5
LONGEST_WAIT_S = 300.0

Progress = Callable[[str, int, int | None], None]

_HEX_40 = re.compile(r"[0-9a-f]{40}")
_REPOSITORY = re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """One upstream file: its path, the same in the repository and in the local folder.

    Attributes:
        blob_id: its git blob id; None where it is not known.
    """

    path: str
    blob_id: str | None

    def __post_init__(self) -> None:
        leaves_folder = {"", ".", ".."} & set(self.path.split("/"))
        if leaves_folder or "\\" in self.path or PureWindowsPath(self.path).drive:
            raise DataError(
                f"remote path {self.path!r} could leave the data folder; expected one like 'data/tasks.jsonl'"
            )
        if self.blob_id is not None and not _HEX_40.fullmatch(self.blob_id):
            raise DataError(f"{self.path}: blob id {self.blob_id!r} is not 40 hex digits; take it from `git ls-tree`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The files of one benchmark at one commit of one repository ("owner/name").

    Attributes:
        files: what the benchmark is read from.
        responses: texts of known writers, for `penmark import responses`; fetched after the files.
    """

    repository: str
    revision: str
    files: tuple[RemoteFile, ...]
    responses: tuple[RemoteFile, ...] = ()

    def __post_init__(self) -> None:
        if not _REPOSITORY.fullmatch(self.repository):
            raise DataError(f"repository {self.repository!r} is not 'owner/name'")
        if not _HEX_40.fullmatch(self.revision):
            raise DataError(f"{self.repository}: revision {self.revision!r} is not a commit id of 40 hex digits")


class _TransferError(Exception):
    """A download broke off in a way that is worth another request, after `wait_s` where the server said so."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True, kw_only=True)
class _Goal:
    """A file to have at its target, and how to tell that it is the right one."""

    file: RemoteFile
    target: Path
    revision: str

    @property
    def kind(self) -> str:
        return "SHA-256" if self.file.blob_id is None else "blob id"

    @property
    def record(self) -> Path:
        """Where the SHA-256 of the first download is, of a file without a blob id."""
        return self.target.with_name(f"{self.target.name}.{self.revision[:7]}.sha256")

    @property
    def part(self) -> Path:
        # Without a blob id, a part of another revision would not be noticed.
        revision = f".{self.revision[:7]}" if self.file.blob_id is None else ""
        return self.target.with_name(f"{self.target.name}{revision}.part")

    def expected_id(self) -> str | None:
        """The id that the content must have; None when nothing has come yet that tells."""
        if self.file.blob_id is not None or not self.record.exists():
            return self.file.blob_id
        return self.record.read_text(encoding="utf-8").partition(" ")[0]

    def found_id(self, path: Path) -> str:
        return sha256(path) if self.file.blob_id is None else blob_id(path)

    def keep_record(self) -> None:
        if self.file.blob_id is None and not self.record.exists():
            line = f"{sha256(self.part)}  {self.target.name}\n"
            self.record.write_text(line, encoding="utf-8", newline="\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Transfer:
    """What one file's download needs."""

    session: aiohttp.ClientSession
    url: str
    goal: _Goal
    progress: Progress | None

    @property
    def part(self) -> Path:
        return self.goal.part


def raw_base_url() -> str:
    """The address that raw files are fetched from: `PENMARK_RAW_BASE_URL` (a mirror) where set, else GitHub's."""
    return os.environ.get("PENMARK_RAW_BASE_URL") or RAW_BASE_URL


def blob_id(path: Path) -> str:
    """The id that git gives to the content of a file: the hex SHA-1 of "blob SIZE", a zero byte and the bytes."""
    with path.open("rb") as content:
        digest = hashlib.sha1(b"blob %d\0" % os.fstat(content.fileno()).st_size, usedforsecurity=False)
        while chunk := content.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def sha256(path: Path) -> str:
    """The hex SHA-256 of the content of a file."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


async def fetch(
    source: Source,
    folder: Path,
    *,
    base_url: str | None = None,
    progress: Progress | None = None,
    timeout_s: float = 60,
    overwrite: bool = False,
) -> list[Path]:
    """The local paths of all files of `source`, in its order, each verified.

    A file that is already there is not requested again. What came of an interrupted download stays beside
    its target as `NAME.part` (without a blob id, `NAME.REVISION.part`), and the next request, in this call or a
    later one, asks for the rest only.

    Args:
        source: what to fetch.
        folder: where to; made where missing.
        base_url: address before `/REPOSITORY/REVISION/PATH`; None = `raw_base_url()`.
        progress: called after each chunk with the file's path, bytes on disk, and size (None = not known).
        timeout_s: longest time to connect, and longest silence while a file comes; whole downloads have no limit.
        overwrite: replace a file whose content is not the expected one; the old one stays until the new is verified.

    Raises:
        DataError: a file differs from the expected one (before any request), cannot be had or cannot be written.
    """
    files = (*source.files, *source.responses)
    goals = [_Goal(file=file, target=folder / file.path, revision=source.revision) for file in files]
    missing = [goal for goal in goals if not _is_present(goal, overwrite=overwrite)]
    prefix = f"{(base_url or raw_base_url()).rstrip('/')}/{source.repository}/{source.revision}"
    limits = aiohttp.ClientTimeout(total=None, connect=timeout_s, sock_read=timeout_s)
    async with aiohttp.ClientSession(timeout=limits, trust_env=True) as session:
        for goal in missing:
            url = f"{prefix}/{quote(goal.file.path)}"
            await _download(_Transfer(session=session, url=url, goal=goal, progress=progress))
    return [goal.target for goal in goals]


def _is_present(goal: _Goal, *, overwrite: bool) -> bool:
    with _named_disk_errors(goal.target):
        if not goal.target.exists():
            return False
        expected_id, found_id = goal.expected_id(), goal.found_id(goal.target)
    if found_id != expected_id and not overwrite:
        expected = expected_id or f"one in {goal.record.name}, which is not here"
        raise DataError(
            f"{goal.target}: edited, or of another revision: its {goal.kind} is {found_id}, expected {expected}; "
            "it was left as it is. Move or delete it, or allow overwriting, and fetch again"
        )
    return found_id == expected_id


@contextmanager
def _named_disk_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{target}: cannot be read or written ({error}); "
            "free some space, correct its permissions, or choose another data folder"
        ) from error


async def _download(transfer: _Transfer) -> None:
    """Puts the verified file at its target, or raises DataError and leaves the target alone."""
    with _named_disk_errors(transfer.goal.target):
        transfer.part.parent.mkdir(parents=True, exist_ok=True)
        try:
            await _fill_verified_part(transfer)
            # Before the file itself: a file without its record would be taken for an edited one.
            transfer.goal.keep_record()
            transfer.part.replace(transfer.goal.target)
        finally:
            if transfer.part.exists() and transfer.part.stat().st_size == 0:
                transfer.part.unlink()


async def _fill_verified_part(transfer: _Transfer) -> None:
    fault = ""
    # Twice: the first mismatch may come from a part that an older revision left behind.
    for _ in range(2):
        await _complete_part(transfer)
        fault = _fault(transfer.goal)
        if not fault:
            return
        transfer.part.unlink()
    raise DataError(
        f"{transfer.goal.file.path}: {transfer.url} gave {fault}, "
        "from the first byte on; nothing was kept. A proxy or mirror may have changed it: "
        "check PENMARK_RAW_BASE_URL and the proxy settings, and fetch again"
    )


def _fault(goal: _Goal) -> str:
    """What is wrong with a complete part; "" when nothing is, as far as can be told."""
    expected_id = goal.expected_id()
    if expected_id is None:
        return _unreadable_line(goal.part) if goal.file.path.endswith(".jsonl") else ""
    found_id = goal.found_id(goal.part)
    if found_id == expected_id:
        return ""
    origin = f" as on the first download (see {goal.record})" if goal.file.blob_id is None else ""
    return f"{goal.kind} {found_id}, expected {expected_id}{origin}"


def _unreadable_line(path: Path) -> str:
    problems: list[Problem] = []
    for _ in read_jsonl(path, problems):
        if problems:
            break
    return f"what cannot be read on line {problems[0].line}: {problems[0].found}" if problems else ""


async def _complete_part(transfer: _Transfer) -> None:
    for attempt in range(RETRIES + 1):
        try:
            return await _attempt(transfer)
        except _TransferError as error:
            wait_s = _back_off_s(attempt, error.wait_s)
            if attempt == RETRIES or wait_s > LONGEST_WAIT_S:
                raise DataError(
                    f"{transfer.url}: {error}; gave up after {attempt + 1} requests. "
                    f"{transfer.part.name} keeps what came: fetch again later to resume"
                ) from error
            await sleep(wait_s)


def _back_off_s(attempt: int, asked_s: float | None) -> float:
    if asked_s is not None:
        return asked_s * random.uniform(1, 1.1)
    return BACK_OFF_S * 2.0**attempt * random.uniform(0.5, 1)


async def _attempt(transfer: _Transfer) -> None:
    try:
        await _receive(transfer)
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, ConnectionError, TimeoutError) as error:
        raise _TransferError(f"{type(error).__name__}: {error}") from error
    except aiohttp.ClientError as error:
        raise DataError(
            f"{transfer.url}: cannot be requested ({type(error).__name__}: {error}); check PENMARK_RAW_BASE_URL"
        ) from error


async def _receive(transfer: _Transfer) -> None:
    """Asks for what the part file lacks and appends it; returns only when the server has no more to give."""
    # Opened before the request, so that a folder that cannot be written costs no traffic.
    with transfer.part.open("ab") as part:
        held_bytes = part.tell()
        async with transfer.session.get(transfer.url, headers=_request_headers(held_bytes)) as reply:
            if reply.status == 416 and held_bytes:
                return
            _check_status(transfer, reply)
            start, size_bytes = _span(reply)
            if start != held_bytes:
                part.seek(0)
                part.truncate()
            if start not in (0, held_bytes):
                raise _TransferError(f"Content-Range {reply.headers.get('Content-Range')!r} was not asked for", 0)
            async for chunk in reply.content.iter_chunked(CHUNK_BYTES):
                part.write(chunk)
                if transfer.progress:
                    transfer.progress(transfer.goal.file.path, part.tell(), size_bytes)
        if size_bytes not in (None, part.tell()):
            raise _TransferError(f"{part.tell()} of {size_bytes} bytes came")


def _request_headers(held_bytes: int) -> dict[str, str]:
    # Not compressed: offsets would count compressed bytes, which the part file does not hold.
    headers = {"Accept-Encoding": "identity"}
    return headers | {"Range": f"bytes={held_bytes}-"} if held_bytes else headers


def _check_status(transfer: _Transfer, reply: aiohttp.ClientResponse) -> None:
    found = f"{reply.status} {reply.reason}"
    if reply.status in RETRIED_STATUSES or reply.status >= 500:
        asked = reply.headers.get("Retry-After", "")
        raise _TransferError(f"{found}, Retry-After: {asked or 'none'}", float(asked) if asked.isdecimal() else None)
    if reply.status not in (200, 206):
        raise DataError(
            f"{transfer.goal.file.path}: {transfer.url} answered {found}, expected the file; "
            "check that the repository still has this revision, and PENMARK_RAW_BASE_URL if it is set"
        )


def _span(reply: aiohttp.ClientResponse) -> tuple[int, int | None]:
    """Where in the file the body begins (-1 = cannot be told), and the size of the whole file (None = not said)."""
    is_encoded = reply.headers.get("Content-Encoding", "identity") != "identity"
    if reply.status == 200:
        return 0, None if is_encoded else reply.content_length
    matched = _CONTENT_RANGE.fullmatch(reply.headers.get("Content-Range", ""))
    if is_encoded or not matched:
        return -1, None
    return int(matched[1]), None if matched[2] == "*" else int(matched[2])
