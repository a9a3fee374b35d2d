import os
import subprocess
import sys
import textwrap

import pytest

from penmark import registry
from penmark.errors import ConfigError

KINDS = ("benchmarks", "judges", "models")


@pytest.fixture
def run_with_plug_ins(tmp_path):
    """Runs code in a child python that has one more installed package, with these entry points."""

    def run(code, entry_points, **modules):
        for name, text in modules.items():
            (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        info = tmp_path / "more_marks-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: more-marks\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(textwrap.dedent(entry_points), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    return run


def test_entries_are_the_files_of_their_folder_without_the_machinery():
    assert {"openai", "embedded", "scripted"} <= set(registry.names("models"))
    assert {"rubric", "static", "static-domain", "length"} <= set(registry.names("judges"))
    assert {"sample", "writingbench"} <= set(registry.names("benchmarks"))
    for kind in KINDS:
        assert registry.names(kind) == sorted(registry.names(kind))
        assert not [name for name in registry.names(kind) if "_" in name]


@pytest.mark.parametrize("kind", KINDS)
def test_every_entry_can_be_made(kind):
    maker = {"benchmarks": "open", "judges": "create", "models": "create"}[kind]
    for name in registry.names(kind):
        assert callable(getattr(registry.load(kind, name), maker))


@pytest.mark.parametrize(
    ("kind", "name", "known"),
    [
        ("judges", "statik", "static-domain"),
        ("judges", "static_domain", "static-domain"),
        ("judges", "_criteria", "rubric"),
        ("judges", "", "rubric"),
        ("judges", "../models/openai", "rubric"),
        ("models", "reply", "openai"),
        ("models", "prices", "openai"),
        ("models", "OpenAI", "openai"),
        ("benchmarks", "jsonl", "writingbench"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(kind, name, known):
    with pytest.raises(ConfigError, match=f"no {kind[:-1]} {name!r}.*known: .*{known}"):
        registry.load(kind, name)


def test_a_slip_of_the_finger_is_answered_with_the_nearest_name():
    with pytest.raises(ConfigError, match="did you mean 'writingbench'"):
        registry.load("benchmarks", "writingbnech")


def test_listing_names_imports_none_of_them(run_with_plug_ins):
    code = """
        import sys
        from penmark import registry
        names = registry.names("judges") + registry.names("models") + registry.names("benchmarks")
        print("rubric" in names, "broken" in names)
        print([m for m in sys.modules if m.startswith(("penmark.judges.", "penmark.models.", "penmark.benchmarks."))])
    """
    printed = run_with_plug_ins(code, "[penmark.judges]\nbroken = nowhere\n")
    assert printed == "True True\n[]\n"


def test_an_installed_package_adds_judges_models_and_benchmarks(run_with_plug_ins):
    code = """
        from penmark import registry
        for kind in ("judges", "models", "benchmarks"):
            print("mine" in registry.names(kind), registry.load(kind, "mine").KIND)
    """
    entry_points = """
        [penmark.judges]
        mine = my_judge
        [penmark.models]
        mine = my_model
        [penmark.benchmarks]
        mine = my_bench
    """
    modules = {"my_judge": 'KIND = "judge"', "my_model": 'KIND = "model"', "my_bench": 'KIND = "bench"'}
    assert run_with_plug_ins(code, entry_points, **modules) == "True judge\nTrue model\nTrue bench\n"


def test_a_judge_from_elsewhere_judges_from_the_python_interface(run_with_plug_ins):
    judge = """
        from penmark.judges.length import LengthJudge
        from penmark.protocols import JudgeCard
        CARD = JudgeCard(id="mine", version=3, description="mine", needs_model=False)
        class MyJudge(LengthJudge):
            card = CARD
        def create(options):
            return MyJudge()
    """
    code = """
        from penmark.named import make_judge
        from penmark.protocols import JudgeOptions
        print(make_judge("mine", JudgeOptions()).card.version)
    """
    assert run_with_plug_ins(code, "[penmark.judges]\nmine = my_judge\n", my_judge=textwrap.dedent(judge)) == "3\n"


def test_a_plug_in_cannot_replace_what_penmark_brings(run_with_plug_ins):
    code = """
        from penmark import registry
        print(registry.names("judges").count("rubric"), registry.load("judges", "rubric").__name__)
    """
    printed = run_with_plug_ins(code, "[penmark.judges]\nrubric = my_judge\n", my_judge="")
    assert printed == "1 penmark.judges.rubric\n"


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("nowhere", "cannot be imported"),
        ("my_judge:missing", "cannot be imported"),
        ("my_judge:LEVEL", "is not a module"),
    ],
)
def test_a_broken_plug_in_is_a_configuration_error_that_names_it(run_with_plug_ins, target, problem):
    code = """
        from penmark import registry
        from penmark.errors import ConfigError
        try:
            registry.load("judges", "mine")
        except ConfigError as error:
            print(error)
    """
    printed = run_with_plug_ins(code, f"[penmark.judges]\nmine = {target}\n", my_judge="LEVEL = 3")
    assert f"plug-in {target!r} for judges 'mine' {problem}" in printed
    assert "Traceback" not in printed
