#!/usr/bin/env python3
"""Set up this checkout and run what a developer runs: `python3 dev.py COMMAND [arguments]`.

Standard library only, and any Python from 3.7 starts it: it looks for a Python 3.11 or newer,
makes `.venv` in the checkout (with uv when it is there, else venv and pip), installs what the
command needs and skips what is up to date. Nothing outside the checkout is touched. What follows
the command is passed on: `python3 dev.py test -- -k money`, `python3 dev.py demo --catalog a.yaml`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = Path(os.environ.get("SAASKIT_VENV") or ROOT / ".venv")
STAMP = VENV / "saaskit-setup.json"
LOG = VENV / "saaskit-setup.log"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
OLDEST = (3, 11)
PROJECTS = ROOT / "tests" / "projects"
MAIN_PROJECT = "full"
NO_TESTS_COLLECTED = 5
# Each run would overwrite what the one before remembers for --last-failed.
NO_CACHE = ["-p", "no:cacheprovider"]
TAIL = 20

NO_PYTHON_HINT = (
    "Install Python 3.11 or newer (`apt install python3 python3-venv`, `brew install python`,"
    " `pyenv install 3.13` or uv), or name one: SAASKIT_PYTHON=/path/to/python."
)
VENV_HINT = "On Debian and Ubuntu the module venv is a package: `apt install python3-venv`."
INSTALL_HINT = (
    "The first set-up needs a package index. Behind a proxy set HTTPS_PROXY, with a mirror"
    " PIP_INDEX_URL (UV_INDEX_URL for uv); `python3 dev.py clean --all` starts over."
)


class SetupFailed(Exception):
    """The set-up stopped: what happened, and what to do about it."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def main(argv: list[str]) -> int:
    """Run one command and answer its exit code."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(_usage())
        return 0
    name, rest = argv[0], argv[1:]
    if name not in COMMANDS:
        print(f"dev.py: there is no command {name!r}\n\n{_usage()}", file=sys.stderr)
        return 2
    extras, _, run = COMMANDS[name]
    arguments = rest[1:] if rest[:1] == ["--"] else rest
    try:
        if extras:
            set_up(extras)
        return run(arguments)
    except SetupFailed as stopped:
        print(f"\nSet-up failed: {stopped}\nHint: {stopped.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _usage() -> str:
    lines = [f"  {name:<10}{about}" for name, (_, about, _) in COMMANDS.items()]
    return "\n".join([str(__doc__), "Commands:", *lines])


# Set-up


def set_up(extras: tuple[str, ...]) -> None:
    """Make `.venv` hold SaaSKit with `extras`. Raises SetupFailed."""
    version = _version_of(PYTHON)
    installed = _installed_extras(version)
    if version >= OLDEST and installed.issuperset(extras):
        return
    if version < OLDEST:
        interpreter = _phase("Finding Python 3.11 or newer", find_python)
        _phase(f"Making {VENV.name} with {interpreter}", lambda: _make_venv(interpreter))
        version = _version_of(PYTHON)
    wanted = sorted(installed.union(extras))
    requirement = f"{ROOT}[{','.join(wanted)}]"
    _phase(f"Installing saaskit[{','.join(wanted)}]", lambda: _install(requirement))
    STAMP.write_text(json.dumps({"of": _fingerprint(version), "extras": wanted}), encoding="utf-8")


def find_python() -> str:
    """Find an interpreter that starts and is new enough. Raises SetupFailed."""
    seen = set()
    for candidate in _candidates():
        if candidate in seen:
            continue
        seen.add(candidate)
        if _version_of(candidate) >= OLDEST and _makes_environments(candidate):
            return candidate
    wanted = ".".join(str(part) for part in OLDEST)
    raise SetupFailed(f"no Python {wanted} or newer was found", hint=NO_PYTHON_HINT)


def _candidates() -> list[str]:
    named = [os.environ.get("SAASKIT_PYTHON", ""), sys.executable]
    names = ["python3.13", "python3.12", "python3.11", "python3.14", "python3", "python"]
    on_path = [shutil.which(name) or "" for name in names]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    in_pyenv = sorted(map(str, pyenv.glob("3.*/bin/python")), reverse=True)
    return [candidate for candidate in [*named, *on_path, *in_pyenv] if candidate]


def _version_of(interpreter: str | Path) -> tuple[int, ...]:
    """Ask for the version; a shim that only prints an error counts as version ()."""
    try:
        said = subprocess.run(
            [str(interpreter), "-c", "import sys; print(*sys.version_info[:3])"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            timeout=30,
            check=True,
        ).stdout.decode()
        return tuple(int(part) for part in said.split())
    except (OSError, ValueError, subprocess.SubprocessError):
        return ()


def _makes_environments(interpreter: str) -> bool:
    if shutil.which("uv"):
        return True
    question = [interpreter, "-c", "import venv, ensurepip"]
    return subprocess.run(question, stderr=subprocess.DEVNULL, check=False).returncode == 0


def _installed_extras(version: tuple[int, ...]) -> set[str]:
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    if not isinstance(stamp, dict) or stamp.get("of") != _fingerprint(version):
        return set()
    return set(stamp.get("extras", ()))


def _fingerprint(version: tuple[int, ...]) -> str:
    """What an installation depends on: the project file, the Python and the checkout's place."""
    parts = [(ROOT / "pyproject.toml").read_bytes(), repr(version).encode(), str(ROOT).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _make_venv(interpreter: str) -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    uv = shutil.which("uv")
    if uv:
        command = [uv, "venv", "--quiet", "--seed", "--python", interpreter, str(VENV)]
    else:
        command = [interpreter, "-m", "venv", str(VENV)]
    _quietly(command, hint=VENV_HINT)


def _install(requirement: str) -> None:
    uv = shutil.which("uv")
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", str(PYTHON), "-e", requirement]
    else:
        command = [str(PYTHON), "-m", "pip", "install", "--no-input", "-e", requirement]
    _quietly(command, hint=INSTALL_HINT)


def _quietly(command: list[str], *, hint: str) -> None:
    done = subprocess.run(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = done.stdout.decode(errors="replace")
    if done.returncode == 0:
        return
    where = ""
    if VENV.is_dir():
        LOG.write_text(said, encoding="utf-8")
        where = f" (all of it: {LOG})"
    tail = "\n".join(f"  {line}" for line in said.splitlines()[-TAIL:])
    raise SetupFailed(f"{' '.join(command)}{where}\n{tail}", hint=hint)


def _phase(what: str, action):
    """Run one phase of the set-up under one progress line."""
    print(f"{what} …", end=" ", flush=True)
    started = time.monotonic()
    try:
        result = action()
    except SetupFailed:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - started:.1f} s", flush=True)
    return result


# Commands


def setup(arguments: list[str]) -> int:
    """Install the named extras, or all that this file ever needs."""
    set_up(tuple(arguments) or ("cli", "docs", "lint", "test"))
    return 0


def demo(arguments: list[str]) -> int:
    return _run([str(PYTHON), "-m", "examples.demo", *arguments])


def serve(arguments: list[str]) -> int:
    return _run([str(PYTHON), "-m", "examples.demo", "--serve", *arguments])


def test(arguments: list[str]) -> int:
    """Run the suite once in the main host project and once in each other one."""
    others = _other_projects()
    paths = [Path(word.split("::")[0]) for word in arguments if not word.startswith("-")]
    if any((ROOT / path).exists() for path in paths):
        return _pytest(*_settings_for(paths, others), *arguments)
    ignored = [f"--ignore={_relative(project)}" for project in others]
    codes = [_pytest("tests", *ignored, "-n", "2", "--dist", "worksteal", *arguments)]
    for project in others:
        print(f"\nThe same packages in the host project {project.name}:", flush=True)
        codes.append(_pytest(_relative(project), *_settings(project), *arguments))
    return _one_code(codes, selected=bool(arguments))


def lint(arguments: list[str]) -> int:
    return _each(
        [
            _tool("ruff", "check", *arguments),
            _tool("ruff", "format", "--check"),
            _tool("lint-imports"),
        ]
    )


def reformat(arguments: list[str]) -> int:
    fix = _tool("ruff", "check", "--fix-only", "--quiet", *arguments)
    return _each([fix, _tool("ruff", "format", *arguments)])


def check(arguments: list[str]) -> int:
    """Run all that CI checks without running a test."""
    migrations = [
        [str(PYTHON), "-m", "django", "makemigrations", "--check", *_django_settings(project)]
        for project in [PROJECTS / MAIN_PROJECT, *_other_projects()]
    ]
    code = lint([])
    return _each([_tool("mypy", *arguments), *migrations, _docs_command()]) or code


def docs(arguments: list[str]) -> int:
    return _run([*_docs_command(), *arguments])


def bench(arguments: list[str]) -> int:
    return _run([str(PYTHON), "-m", "tests.bench", *arguments])


def proof(arguments: list[str]) -> int:
    """Run the property tests with 20,000 examples each."""
    ignored = [f"--ignore={_relative(project)}" for project in _other_projects()]
    selected = ["-m", "hypothesis", "-n", "2", "--dist", "worksteal"]
    return _pytest("tests", *ignored, *selected, *arguments, SAASKIT_TEST_PROFILE="proof")


def mutation(arguments: list[str]) -> int:
    """Change the rules one thing at a time and see whether a test notices."""
    return _run([str(PYTHON), "-m", "tools.mutation", *arguments])


def clean(arguments: list[str]) -> int:
    """Remove what runs leave behind; with --all the environment too."""
    if arguments not in ([], ["--all"]):
        print("dev.py clean takes nothing, or --all to remove .venv too", file=sys.stderr)
        return 2
    names = [".mypy_cache", ".pytest_cache", ".ruff_cache", ".import_linter_cache", ".hypothesis"]
    names += ["build", "dist", "site", "htmlcov", "mutants"]
    names += [".venv", ".tox"] if arguments else []
    left = [ROOT / name for name in names]
    left += [path for path in ROOT.glob(".coverage*") if path.is_file()]
    for package in ("saaskit_core", "saaskit_providers", "saaskit_django", "tests", "examples"):
        left += (ROOT / package).rglob("__pycache__")
    for path in left:
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()
    return 0


def _other_projects() -> list[Path]:
    """The host projects that need a run of their own: those with settings and tests."""
    return [
        settings.parent
        for settings in sorted(PROJECTS.glob("*/settings.py"))
        if settings.parent.name != MAIN_PROJECT and any(settings.parent.rglob("test_*.py"))
    ]


def _settings_for(paths: list[Path], others: list[Path]) -> list[str]:
    for project in others:
        if all(
            project in [(ROOT / path).resolve(), *(ROOT / path).resolve().parents] for path in paths
        ):
            return _settings(project)
    return []


def _settings(project: Path) -> list[str]:
    return [f"--ds=tests.projects.{project.name}.settings", *NO_CACHE]


def _django_settings(project: Path) -> list[str]:
    return ["--settings", f"tests.projects.{project.name}.settings"]


def _docs_command() -> list[str]:
    return _tool("mkdocs", "build", "--strict", "--quiet")


def _tool(name: str, *arguments: str) -> list[str]:
    return [str(BIN / name), *arguments]


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _pytest(*arguments: str, **environment: str) -> int:
    """Run pytest; with SAASKIT_COVERAGE set it adds to the coverage data of this checkout."""
    coverage = os.environ.get("SAASKIT_COVERAGE")
    measured = ["--cov", "--cov-append", "--cov-report="] if coverage else []
    return _run([str(PYTHON), "-m", "pytest", *measured, *arguments], **environment)


def _one_code(codes: list[int], *, selected: bool) -> int:
    """A selection may leave one host project without a test, but not all of them."""
    if selected and any(code == 0 for code in codes):
        codes = [code for code in codes if code != NO_TESTS_COLLECTED]
    return next((code for code in codes if code), 0)


def _each(commands: list[list[str]]) -> int:
    """Run all of them, so that one run shows everything that is wrong."""
    codes = []
    for command in commands:
        print(f"$ {Path(command[0]).name} {' '.join(command[1:])}", flush=True)
        codes.append(_run(command))
    return next((code for code in codes if code), 0)


def _run(command: list[str], **environment: str) -> int:
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, check=False
    ).returncode


COMMANDS = {
    "setup": ((), "only make .venv: with all tools, or the extras named", setup),
    "demo": (("demo",), "the whole story over HTTP on SQLite; ends by itself", demo),
    "test": (("test",), "the test suite, in every host project", test),
    "serve": (("demo",), "the demo site on 127.0.0.1, kept up with its data", serve),
    "lint": (("lint",), "ruff and the import contracts", lint),
    "format": (("lint",), "let ruff put the code in shape", reformat),
    "check": (
        ("docs", "lint", "test"),
        "lint, types, migrations and docs: all but the tests",
        check,
    ),
    "docs": (("docs",), "build the documentation, warnings are errors", docs),
    "bench": (("bench",), "measure, print the tables, write docs/benchmarks.md", bench),
    "proof": (("test",), "the property tests with 20,000 examples each", proof),
    "mutation": (
        ("mutation",),
        "change the rules of money one thing at a time: do the tests notice?",
        mutation,
    ),
    "clean": ((), "remove what runs leave behind (--all: .venv too)", clean),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
