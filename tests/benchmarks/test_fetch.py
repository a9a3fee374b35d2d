import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from penmark.benchmarks.fetch import RAW_BASE_URL, RemoteFile, Source, _back_off_s, blob_id, fetch, raw_base_url
from penmark.errors import DataError

CONTENT = bytes(range(256)) * 40
HALF = len(CONTENT) // 2
REVISION = "ab" * 20
NAME = "data/tasks.jsonl"

Fault = Callable[["Upstream", web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture(autouse=True)
def _direct_connections(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("PENMARK_RAW_BASE_URL", raising=False)


@dataclass
class Upstream:
    """A raw-content host: the n-th request gets the n-th fault, and every later one an honest answer."""

    contents: dict[str, bytes]
    faults: list[Fault] = field(default_factory=list)
    knows_ranges: bool = True
    requested: list[str] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)
    sent_bytes: int = 0
    tells_ids: bool = True

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requested.append(request.raw_path)
        self.ranges.append(request.headers.get("Range"))
        turn = len(self.requested) - 1
        return await (self.faults[turn] if turn < len(self.faults) else honest)(self, request)

    def content(self, request: web.Request) -> bytes:
        return self.contents[request.match_info["path"]]


async def honest(upstream: Upstream, request: web.Request) -> web.StreamResponse:
    content, asked = upstream.content(request), request.headers.get("Range")
    start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and upstream.knows_ranges else None
    if start is not None and start >= len(content):
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(content)}"})
    upstream.sent_bytes += len(content[start:])
    if start is None:
        return web.Response(body=content)
    span = f"bytes {start}-{len(content) - 1}/{len(content)}"
    return web.Response(status=206, body=content[start:], headers={"Content-Range": span})


async def send_half(upstream: Upstream, request: web.Request) -> web.StreamResponse:
    content = upstream.content(request)
    reply = web.StreamResponse(headers={"Content-Length": str(len(content))})
    await reply.prepare(request)
    await reply.write(content[:HALF])
    upstream.sent_bytes += HALF
    await asyncio.sleep(0.05)
    return reply


async def cut_midway(upstream: Upstream, request: web.Request) -> web.StreamResponse:
    reply = await send_half(upstream, request)
    request.transport.close()
    return reply


async def fall_silent_midway(upstream: Upstream, request: web.Request) -> web.StreamResponse:
    reply = await send_half(upstream, request)
    await asyncio.sleep(0.5)
    return reply


async def reset_at_once(upstream: Upstream, request: web.Request) -> web.StreamResponse:
    request.transport.abort()
    return web.Response()


async def corrupt(upstream: Upstream, request: web.Request) -> web.StreamResponse:
    return web.Response(body=upstream.content(request).replace(b"A", b"B"))


async def compress(upstream: Upstream, request: web.Request) -> web.StreamResponse:
    reply = web.Response(body=upstream.content(request))
    reply.enable_compression(web.ContentCoding.gzip)
    return reply


def status(code: int, retry_after: str = "0") -> Fault:
    async def fail(upstream: Upstream, request: web.Request) -> web.StreamResponse:
        return web.Response(status=code, headers={"Retry-After": retry_after})

    return fail


def partial(start: int, stop: int, content_range: str) -> Fault:
    async def send(upstream: Upstream, request: web.Request) -> web.StreamResponse:
        upstream.sent_bytes += stop - start
        body, headers = upstream.content(request)[start:stop], {"Content-Range": content_range}
        return web.Response(status=206, body=body, headers=headers)

    return send


def git_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def source(contents: dict[str, bytes], *, tells_ids: bool = True) -> Source:
    ids = {path: git_id(content) if tells_ids else None for path, content in contents.items()}
    files = tuple(RemoteFile(path=path, blob_id=blob) for path, blob in ids.items())
    return Source(repository="X-PLUG/WritingBench", revision=REVISION, files=files)


def run(upstream: Upstream, folder: Path, **options) -> list[Path]:
    """Fetches all that the upstream has, over a real connection to 127.0.0.1."""

    async def serve_and_fetch() -> list[Path]:
        app = web.Application()
        app.router.add_get("/X-PLUG/WritingBench/" + REVISION + "/{path:.+}", upstream.answer)
        runner = web.AppRunner(app, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        try:
            files = source(upstream.contents, tells_ids=upstream.tells_ids)
            return await fetch(files, folder, base_url=f"http://{host}:{port}/", **options)
        finally:
            await runner.cleanup()

    return asyncio.run(serve_and_fetch())


def fetched(upstream: Upstream, folder: Path, **options) -> bytes:
    (path,) = run(upstream, folder, **options)
    return path.read_bytes()


def one_file(*faults: Fault, content: bytes = CONTENT, knows_ranges: bool = True) -> Upstream:
    return Upstream({NAME: content}, list(faults), knows_ranges)


LINES = b'{"id": 1}\n' + b'{"id": "\xe5\x86\x99"}\n' * 500
RECORD = f"{NAME}.{REVISION[:7]}.sha256"


def unknown(*faults: Fault, content: bytes = LINES) -> Upstream:
    """A file whose blob id nobody knows."""
    return Upstream({NAME: content}, list(faults), tells_ids=False)


async def cut_without_a_word(upstream: Upstream, request: web.Request) -> web.StreamResponse:
    return web.Response(body=upstream.content(request)[:-3])


async def rewrite(upstream: Upstream, request: web.Request) -> web.StreamResponse:
    return web.Response(body=upstream.content(request).replace(b"1", b"2"))


async def log_in_first(upstream: Upstream, request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>Please log in</html>", content_type="text/html")


def leave(folder: Path, content: bytes, name: str = NAME) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def names(folder: Path) -> Iterable[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_every_file_arrives_at_its_path_and_the_paths_come_back_in_order(tmp_path):
    contents = {"z.json": b"{}", "deep/er/评估 data#1%20?.jsonl": CONTENT, "empty.txt": b""}
    upstream = Upstream(contents)
    paths = run(upstream, tmp_path / "new" / "folder")
    assert [path.relative_to(tmp_path / "new" / "folder").as_posix() for path in paths] == list(contents)
    assert [path.read_bytes() for path in paths] == list(contents.values())
    assert names(tmp_path / "new" / "folder") == sorted(contents)


def test_a_file_already_present_is_not_requested_again(tmp_path):
    leave(tmp_path, CONTENT)
    upstream = Upstream({NAME: CONTENT, "other.txt": b"new"})
    run(upstream, tmp_path)
    assert [path.rsplit("/", 1)[1] for path in upstream.requested] == ["other.txt"]
    run(upstream, tmp_path)
    assert len(upstream.requested) == 1


def test_progress_counts_up_to_the_size_of_the_file(tmp_path):
    big, seen = CONTENT * 30, []
    run(one_file(content=big), tmp_path, progress=lambda *step: seen.append(step))
    assert seen[-1] == (NAME, len(big), len(big))
    assert [step[1] for step in seen] == sorted({step[1] for step in seen})
    assert {(step[0], step[2]) for step in seen} == {(NAME, len(big))}


def test_a_compressed_answer_is_stored_as_the_plain_file(tmp_path):
    seen = []
    assert fetched(one_file(compress), tmp_path, progress=lambda *step: seen.append(step)) == CONTENT
    assert seen[-1] == (NAME, len(CONTENT), None)


def test_an_interrupted_download_resumes_where_it_stopped(tmp_path):
    upstream = one_file(cut_midway)
    assert fetched(upstream, tmp_path) == CONTENT
    assert upstream.ranges == [None, f"bytes={HALF}-"]
    assert upstream.sent_bytes == len(CONTENT)
    assert names(tmp_path) == [NAME]


def test_a_part_left_by_an_earlier_call_is_resumed(tmp_path):
    leave(tmp_path, CONTENT[:1000], NAME + ".part")
    upstream, seen = one_file(), []
    assert fetched(upstream, tmp_path, progress=lambda *step: seen.append(step)) == CONTENT
    assert upstream.ranges == ["bytes=1000-"]
    assert upstream.sent_bytes == len(CONTENT) - 1000
    assert seen[-1] == (NAME, len(CONTENT), len(CONTENT))


def test_after_four_retries_the_error_names_the_last_answer_and_the_part_is_kept(tmp_path):
    upstream = one_file(cut_midway, *[status(503)] * 9)
    with pytest.raises(DataError, match=r"tasks\.jsonl: 503 Service .*after 5 requests.*fetch again later to resume"):
        run(upstream, tmp_path)
    assert len(upstream.requested) == 5
    assert (tmp_path / (NAME + ".part")).read_bytes() == CONTENT[:HALF]
    assert names(tmp_path) == [NAME + ".part"]


def test_a_server_that_falls_silent_is_asked_again_for_the_rest(tmp_path):
    upstream = one_file(fall_silent_midway)
    assert fetched(upstream, tmp_path, timeout_s=0.2) == CONTENT
    assert upstream.ranges == [None, f"bytes={HALF}-"]


def test_a_server_without_ranges_starts_again_from_zero(tmp_path):
    leave(tmp_path, CONTENT[:1000], NAME + ".part")
    upstream = one_file(knows_ranges=False)
    assert fetched(upstream, tmp_path) == CONTENT
    assert upstream.ranges == ["bytes=1000-"]
    assert upstream.sent_bytes == len(CONTENT)


def test_a_part_that_is_already_complete_is_accepted_when_the_server_has_no_more(tmp_path):
    leave(tmp_path, CONTENT, NAME + ".part")
    upstream = one_file()
    assert fetched(upstream, tmp_path) == CONTENT
    assert upstream.ranges == [f"bytes={len(CONTENT)}-"]
    assert upstream.sent_bytes == 0


@pytest.mark.parametrize("stale", [b"older revision", CONTENT + b"too long"])
def test_a_part_of_another_revision_is_dropped_and_fetched_from_zero(tmp_path, stale):
    leave(tmp_path, stale, NAME + ".part")
    upstream = one_file()
    assert fetched(upstream, tmp_path) == CONTENT
    assert upstream.ranges == [f"bytes={len(stale)}-", None]


@pytest.mark.parametrize("content_range", [f"bytes 7-10239/{len(CONTENT)}", "bytes */9", "lines 3-4/5", ""])
def test_a_range_that_was_not_asked_for_restarts_from_zero(tmp_path, content_range):
    leave(tmp_path, CONTENT[:1000], NAME + ".part")
    upstream = one_file(partial(7, len(CONTENT), content_range))
    assert fetched(upstream, tmp_path) == CONTENT
    assert upstream.ranges == ["bytes=1000-", None]


def test_a_range_answered_from_zero_replaces_the_part(tmp_path):
    leave(tmp_path, CONTENT[:1000], NAME + ".part")
    upstream = one_file(partial(0, len(CONTENT), f"bytes 0-{len(CONTENT) - 1}/*"))
    assert fetched(upstream, tmp_path) == CONTENT
    assert upstream.ranges == ["bytes=1000-"]


def test_a_body_shorter_than_the_file_is_continued(tmp_path):
    leave(tmp_path, CONTENT[:1000], NAME + ".part")
    upstream = one_file(partial(1000, 3000, f"bytes 1000-2999/{len(CONTENT)}"))
    assert fetched(upstream, tmp_path) == CONTENT
    assert upstream.ranges == ["bytes=1000-", "bytes=3000-"]
    assert upstream.sent_bytes == len(CONTENT) - 1000


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
def test_a_passing_fault_is_retried(tmp_path, code):
    upstream = one_file(status(code))
    assert fetched(upstream, tmp_path) == CONTENT
    assert len(upstream.requested) == 2


def test_a_reset_connection_is_retried(tmp_path):
    # Two resets, because aiohttp itself repeats a request once.
    upstream = one_file(reset_at_once, reset_at_once)
    assert fetched(upstream, tmp_path) == CONTENT
    assert len(upstream.requested) == 3


def test_the_retry_waits_as_long_as_the_server_asks(tmp_path):
    began_s = time.monotonic()
    run(one_file(status(503, "1")), tmp_path)
    assert time.monotonic() - began_s >= 1


def test_a_wait_of_more_than_five_minutes_ends_the_fetch_and_is_named(tmp_path):
    upstream = one_file(status(429, "3600"))
    with pytest.raises(DataError, match="429 Too Many Requests, Retry-After: 3600; gave up after 1 requests"):
        run(upstream, tmp_path)
    assert len(upstream.requested) == 1


@pytest.mark.parametrize("asked_s", [None, 2.0])
def test_the_back_off_is_jittered_and_grows_unless_the_server_names_it(asked_s):
    waits_s = [[_back_off_s(attempt, asked_s) for _ in range(50)] for attempt in range(4)]
    low_s = [asked_s or 0.25 * 2**attempt for attempt in range(4)]
    high_s = [asked_s * 1.1 if asked_s else 0.5 * 2**attempt for attempt in range(4)]
    assert all(low <= min(waits) < max(waits) <= high for low, waits, high in zip(low_s, waits_s, high_s, strict=True))


@pytest.mark.parametrize("code", [401, 403, 404, 410, 416])
def test_a_lasting_refusal_is_an_error_at_once(tmp_path, code):
    upstream = one_file(*[status(code)] * 2)
    with pytest.raises(DataError, match=rf"data/tasks\.jsonl: http.*/{REVISION}/data/tasks\.jsonl answered {code}"):
        run(upstream, tmp_path)
    assert (len(upstream.requested), names(tmp_path)) == (1, [])


def test_a_corrupted_file_is_refused_and_nothing_replaces_the_old_one(tmp_path):
    old = leave(tmp_path, b"old but mine")
    upstream = one_file(corrupt, corrupt)
    with pytest.raises(DataError) as caught:
        run(upstream, tmp_path, overwrite=True)
    found_id = git_id(CONTENT.replace(b"A", b"B"))
    expected = [NAME, git_id(CONTENT), found_id, "http://127.0.0.1", "fetch again"]
    assert [part for part in expected if part not in str(caught.value)] == []
    assert upstream.ranges == [None, None]
    assert old.read_bytes() == b"old but mine"
    assert names(tmp_path) == [NAME]


def test_a_file_corrupted_once_is_fetched_again(tmp_path):
    upstream = one_file(corrupt)
    assert fetched(upstream, tmp_path) == CONTENT
    assert upstream.ranges == [None, None]


def test_an_edited_file_stops_the_fetch_before_any_request(tmp_path):
    edited = leave(tmp_path, b"my notes", "b.txt")
    upstream = Upstream({"a.txt": b"a", "b.txt": b"b"})
    ids = f"{git_id(b'my notes')}, expected {git_id(b'b')}"
    with pytest.raises(DataError, match=rf"b\.txt: edited.*{ids}.*Move or delete"):
        run(upstream, tmp_path)
    assert upstream.requested == []
    assert edited.read_bytes() == b"my notes"
    assert names(tmp_path) == ["b.txt"]


def test_an_edited_file_is_replaced_when_overwriting_is_allowed(tmp_path):
    edited = leave(tmp_path, b"my notes")
    run(one_file(), tmp_path, overwrite=True)
    assert edited.read_bytes() == CONTENT


def test_blob_ids_match_known_ones_of_git(tmp_path):
    assert blob_id(leave(tmp_path, b"")) == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert blob_id(leave(tmp_path, b"hello\n")) == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_a_folder_that_cannot_be_written_is_an_error_before_any_request(tmp_path):
    leave(tmp_path, b"", "folder")
    upstream = one_file()
    with pytest.raises(DataError, match=r"folder/data/tasks\.jsonl: cannot be read or written .*another data folder"):
        run(upstream, tmp_path / "folder")
    assert upstream.requested == []


def test_a_folder_in_the_place_of_a_file_is_an_error(tmp_path):
    (tmp_path / NAME).mkdir(parents=True)
    with pytest.raises(DataError, match="cannot be read or written"):
        run(one_file(), tmp_path)


def test_an_address_that_is_none_is_an_error_at_once(tmp_path):
    with pytest.raises(DataError, match=r"cannot be requested .*PENMARK_RAW_BASE_URL"):
        asyncio.run(fetch(source({NAME: CONTENT}), tmp_path, base_url="mirror"))
    assert names(tmp_path) == []


def test_the_address_is_github_unless_the_environment_names_a_mirror(tmp_path, monkeypatch):
    assert raw_base_url() == RAW_BASE_URL == "https://raw.githubusercontent.com"
    monkeypatch.setenv("PENMARK_RAW_BASE_URL", "nowhere")
    with pytest.raises(DataError, match=rf"nowhere/X-PLUG/WritingBench/{REVISION}/data/tasks\.jsonl"):
        asyncio.run(fetch(source({NAME: CONTENT}), tmp_path))


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/x", "a/..", "", ".", "a//b", "a/", "a\\..\\..\\x", "C:x"])
def test_a_path_that_could_leave_the_folder_is_refused(path):
    with pytest.raises(DataError, match="could leave the data folder"):
        RemoteFile(path=path, blob_id=git_id(b""))


@pytest.mark.parametrize("wrong_id", ["", "main", "AB" * 20, "ab" * 20 + "\n", "ab" * 32])
def test_ids_that_are_not_forty_hex_digits_are_refused(wrong_id):
    with pytest.raises(DataError, match="40 hex digits"):
        RemoteFile(path="a", blob_id=wrong_id)
    with pytest.raises(DataError, match="40 hex digits"):
        Source(repository="a/b", revision=wrong_id, files=())


@pytest.mark.parametrize("repository", ["WritingBench", "a/b/c", "/b", "a/", "../b"])
def test_a_repository_is_an_owner_and_a_name(repository):
    with pytest.raises(DataError, match="is not 'owner/name'"):
        Source(repository=repository, revision=REVISION, files=())


def test_without_a_blob_id_the_first_download_is_remembered_by_its_sha_256(tmp_path):
    upstream = unknown()
    assert fetched(upstream, tmp_path) == LINES
    assert names(tmp_path) == [NAME, RECORD]
    assert (tmp_path / RECORD).read_text() == f"{hashlib.sha256(LINES).hexdigest()}  tasks.jsonl\n"
    run(upstream, tmp_path)
    assert len(upstream.requested) == 1


def test_without_a_blob_id_an_interrupted_download_resumes_within_its_revision(tmp_path):
    leave(tmp_path, b"of another revision", NAME + ".part")
    leave(tmp_path, LINES[:100], f"{NAME}.{REVISION[:7]}.part")
    upstream = unknown()
    assert fetched(upstream, tmp_path) == LINES
    assert upstream.ranges == ["bytes=100-"]


@pytest.mark.parametrize("fault", [cut_without_a_word, log_in_first])
def test_without_a_blob_id_a_file_with_an_unreadable_line_is_refused_after_a_second_try(tmp_path, fault):
    assert fetched(unknown(fault), tmp_path) == LINES
    with pytest.raises(DataError, match=r"data/tasks\.jsonl: .* gave what cannot be read on line \d+: .*fetch again"):
        run(unknown(fault, fault), tmp_path / "new")
    assert names(tmp_path / "new") == []


def test_without_a_blob_id_an_edited_file_stops_the_fetch_before_any_request(tmp_path):
    run(unknown(), tmp_path)
    edited = leave(tmp_path, b"{}\n")
    upstream = unknown()
    with pytest.raises(DataError, match=rf"edited.*SHA-256 is .*, expected {hashlib.sha256(LINES).hexdigest()};"):
        run(upstream, tmp_path)
    assert (upstream.requested, edited.read_bytes()) == ([], b"{}\n")
    run(upstream, tmp_path, overwrite=True)
    assert edited.read_bytes() == LINES


def test_without_a_blob_id_a_file_of_unknown_origin_is_left_unless_overwriting_is_allowed(tmp_path):
    mine = leave(tmp_path, b"{}\n")
    with pytest.raises(DataError, match=rf"expected one in {Path(RECORD).name}, which is not here.*Move or delete"):
        run(unknown(), tmp_path)
    assert mine.read_bytes() == b"{}\n"
    run(unknown(), tmp_path, overwrite=True)
    assert names(tmp_path) == [NAME, RECORD]


def test_without_a_blob_id_a_later_download_must_equal_the_first(tmp_path):
    run(unknown(), tmp_path)
    (tmp_path / NAME).unlink()
    with pytest.raises(DataError) as caught:
        run(unknown(rewrite, rewrite), tmp_path)
    assert f"expected {hashlib.sha256(LINES).hexdigest()} as on the first download" in str(caught.value)
    assert str(tmp_path / RECORD) in str(caught.value)
    assert names(tmp_path) == [RECORD]
    assert fetched(unknown(rewrite), tmp_path) == LINES


def test_responses_of_known_writers_are_fetched_after_the_files(tmp_path):
    upstream = Upstream({"a.txt": b"a", "b.txt": b"b"})
    both = source(upstream.contents)
    split = Source(repository=both.repository, revision=REVISION, files=both.files[1:], responses=both.files[:1])
    leave(tmp_path, b"a", "a.txt")
    leave(tmp_path, b"b", "b.txt")
    assert [path.name for path in asyncio.run(fetch(split, tmp_path))] == ["b.txt", "a.txt"]
