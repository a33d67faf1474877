"""The core answers from what it is given: no clock, no chance, no network, no float money."""

from __future__ import annotations

import ast
import subprocess
import sys

from tests.architecture.source import Module, calls, import_names, modules

OUTSIDE = ("saaskit_core.testing", "saaskit_core.cli")
# A feature may be declared as a float, a file may hold one; where an amount is due it is refused.
NOT_MONEY = ("saaskit_core/features/", "saaskit_core/catalog/yaml_text.py")
CLOCK_AND_CHANCE = {
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "datetime.date.today",
    "os.urandom",
    "time.monotonic",
    "time.perf_counter",
    "time.sleep",
    "time.time",
    "time.time_ns",
    "uuid.uuid1",
    "uuid.uuid4",
    "uuid.uuid7",
}
NEVER_IMPORTED = {
    "asyncio",
    "http.client",
    "http.server",
    "httpx",
    "random",
    "requests",
    "secrets",
    "smtplib",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "urllib.request",
}


def test_the_core_reads_no_clock_and_rolls_no_dice():
    assert _calls_of(CLOCK_AND_CHANCE) == []


def test_the_core_makes_no_float_where_money_is():
    floats = _calls_of({"float"})
    assert [call for call in floats if not call.startswith(NOT_MONEY)] == []


def test_the_core_imports_nothing_that_reaches_outside():
    reached = [
        f"{module.where}: {imported}"
        for module in _rules()
        for imported in sorted(set(import_names(module.tree).values()) | _imported(module))
        if any(f"{imported}.".startswith(f"{name}.") for name in NEVER_IMPORTED)
    ]
    assert reached == []


def test_money_comes_without_pydantic():
    script = "import sys, saaskit_core.money; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"saaskit_core.money"} <= set(loaded)
    assert [name for name in loaded if name.partition(".")[0] in {"pydantic", "pluggy"}] == []


def _rules() -> list[Module]:
    return [
        module
        for module in modules("saaskit_core")
        if not any(f"{module.name}.".startswith(f"{name}.") for name in OUTSIDE)
    ]


def _calls_of(banned: set[str]) -> list[str]:
    return [
        f"{module.where}:{line} {name}()"
        for module in _rules()
        for line, name in calls(module.tree)
        if name in banned
    ]


def _imported(module: Module) -> set[str]:
    """The modules named in `import a.b` statements, which bind only `a`."""
    return {
        alias.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
