"""dev.py: what it finds, what it skips, which exit code it answers."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def dev(tmp_path, monkeypatch):
    """A copy of dev.py in a checkout of its own, with an environment that is this one."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("dev.py", "pyproject.toml"):
        (checkout / name).write_bytes((ROOT / name).read_bytes())
    monkeypatch.delenv("SAASKIT_VENV", raising=False)
    monkeypatch.delenv("SAASKIT_PYTHON", raising=False)
    monkeypatch.delenv("SAASKIT_COVERAGE", raising=False)
    spec = importlib.util.spec_from_file_location("dev_under_test", checkout / "dev.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "PYTHON", Path(sys.executable))
    return module


@pytest.fixture
def installs(dev, monkeypatch):
    """What the installer was asked for; nothing is installed."""
    asked = []
    dev.VENV.mkdir()
    monkeypatch.setattr(dev, "_install", asked.append)
    return asked


def test_a_second_run_installs_nothing(dev, installs):
    dev.set_up(("demo",))
    dev.set_up(("demo",))
    assert installs == [f"{dev.ROOT}[demo]"]


def test_another_extra_keeps_the_first(dev, installs):
    dev.set_up(("demo",))
    dev.set_up(("test",))
    dev.set_up(("demo",))
    assert installs == [f"{dev.ROOT}[demo]", f"{dev.ROOT}[demo,test]"]


def test_a_changed_project_file_installs_again(dev, installs):
    dev.set_up(("demo",))
    (dev.ROOT / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    dev.set_up(("demo",))
    assert len(installs) == 2


@pytest.mark.parametrize(
    "stamp", ["", "{", "[]", json.dumps({"of": "another", "extras": ["demo"]})]
)
def test_a_stamp_that_says_nothing_installs_again(dev, installs, stamp):
    dev.STAMP.write_text(stamp, encoding="utf-8")
    dev.set_up(("demo",))
    assert installs == [f"{dev.ROOT}[demo]"]


def test_a_shim_that_only_prints_an_error_is_passed_over(dev, tmp_path, monkeypatch):
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\necho 'not installed' >&2\nexit 127\n", encoding="utf-8")
    shim.chmod(0o755)
    monkeypatch.setenv("SAASKIT_PYTHON", str(shim))
    assert dev.find_python() == sys.executable


def test_without_a_new_enough_python_it_says_what_to_do(dev, monkeypatch, capsys):
    monkeypatch.setattr(dev, "PYTHON", dev.VENV / "missing")
    monkeypatch.setattr(dev, "OLDEST", (99, 0))
    monkeypatch.setattr(dev, "_candidates", lambda: [sys.executable])
    assert dev.main(["demo"]) == 1
    said = capsys.readouterr().err
    assert "no Python 99.0 or newer was found" in said
    assert "SAASKIT_PYTHON" in said


def test_a_failed_installation_shows_its_last_lines_and_a_hint(dev, monkeypatch, capsys):
    dev.VENV.mkdir()
    refused = "import sys; print('first'); print('no route to the index'); sys.exit(1)"
    monkeypatch.setattr(dev.shutil, "which", lambda _: None)
    monkeypatch.setattr(
        dev, "_install", lambda _: dev._quietly([sys.executable, "-c", refused], hint="try again")
    )
    assert dev.main(["demo"]) == 1
    said = capsys.readouterr().err
    assert "no route to the index" in said
    assert "Hint: try again" in said
    assert "first" in dev.LOG.read_text(encoding="utf-8")
    assert not dev.STAMP.exists()


def test_arguments_are_passed_on(dev, installs, monkeypatch):
    ran = []
    monkeypatch.setattr(dev, "_run", lambda command: ran.append(command) or 0)
    assert dev.main(["demo", "--catalog", "my.yaml"]) == 0
    assert dev.main(["serve", "--", "--port", "8001"]) == 0
    module = [sys.executable, "-m", "examples.demo"]
    assert ran == [[*module, "--catalog", "my.yaml"], [*module, "--serve", "--port", "8001"]]


def test_the_suite_runs_once_in_every_host_project(dev, installs, monkeypatch):
    ran = []
    monkeypatch.setattr(dev, "_run", lambda command, **_: ran.append(command[3:]) or 0)
    for name in ("full", "own_user_model", "without_tests"):
        (dev.PROJECTS / name).mkdir(parents=True)
        (dev.PROJECTS / name / "settings.py").touch()
    (dev.PROJECTS / "own_user_model" / "test_it.py").touch()
    assert dev.main(["test", "--", "-k", "money"]) == 0
    own = "tests/projects/own_user_model"
    assert ran == [
        ["tests", f"--ignore={own}", "-n", "2", "--dist", "worksteal", "-k", "money"],
        [own, "--ds=tests.projects.own_user_model.settings", *dev.NO_CACHE, "-k", "money"],
    ]


def test_a_named_test_file_runs_alone_in_the_project_it_belongs_to(dev, installs, monkeypatch):
    ran = []
    monkeypatch.setattr(dev, "_run", lambda command, **_: ran.append(command[3:]) or 0)
    own = dev.PROJECTS / "own_user_model"
    own.mkdir(parents=True)
    for name in ("settings.py", "test_it.py"):
        (own / name).touch()
    test = "tests/projects/own_user_model/test_it.py::test_one"
    assert dev.main(["test", test]) == 0
    assert ran == [["--ds=tests.projects.own_user_model.settings", *dev.NO_CACHE, test]]


@pytest.mark.parametrize(
    ("codes", "selected", "answer"),
    [
        ([0, 0], False, 0),
        ([1, 0], False, 1),
        ([0, 2], False, 2),
        ([0, 5], False, 5),
        ([0, 5], True, 0),
        ([5, 0], True, 0),
        ([5, 5], True, 5),
        ([5, 1], True, 5),
    ],
)
def test_one_failing_project_fails_the_run(dev, codes, selected, answer):
    assert dev._one_code(codes, selected=selected) == answer


def test_an_unknown_command_lists_the_known_ones(dev, capsys):
    assert dev.main(["tset"]) == 2
    said = capsys.readouterr().err
    assert "no command 'tset'" in said
    assert all(name in said for name in dev.COMMANDS)


def test_clean_keeps_the_environment_unless_told(dev):
    for name in (".venv", ".mypy_cache", "saaskit_core/__pycache__"):
        (dev.ROOT / name).mkdir(parents=True)
    (dev.ROOT / ".coverage.1").touch()
    assert dev.main(["clean"]) == 0
    assert (dev.ROOT / ".venv").is_dir()
    assert not (dev.ROOT / ".mypy_cache").exists()
    assert not (dev.ROOT / "saaskit_core" / "__pycache__").exists()
    assert not (dev.ROOT / ".coverage.1").exists()
    assert dev.main(["clean", "--all"]) == 0
    assert not (dev.ROOT / ".venv").exists()
    assert dev.main(["clean", "everything"]) == 2


def test_every_make_target_is_a_command_and_back(dev):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = next(line for line in makefile.splitlines() if line.startswith(".PHONY:"))
    assert set(phony.split()[1:]) - {"help"} == set(dev.COMMANDS)


def test_it_starts_without_site_packages():
    shown = subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "dev.py"), "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "demo" in shown.stdout
