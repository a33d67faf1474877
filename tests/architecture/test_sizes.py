"""The tail decides how a codebase reads, so the tail is gated."""

from __future__ import annotations

import ast

from tests.architecture.source import ROOT, django_apps, modules

LONGEST_MODULE = 400
LONGEST_FUNCTION = 40
MOST_PUBLIC_METHODS = 12
DRAWERS = {"util", "utils", "helper", "helpers", "common", "misc"}


def test_no_module_is_longer_than_400_lines():
    lengths = {module.where: len(module.text.splitlines()) for module in modules()}
    assert {where: n for where, n in lengths.items() if n > LONGEST_MODULE} == {}


def test_no_function_is_longer_than_40_lines():
    too_long = [
        f"{module.where}:{node.lineno} {node.name}: {length} lines"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert too_long == []


def test_no_class_has_more_than_12_public_methods():
    crowded = [
        f"{module.where}:{node.lineno} {node.name}: {count} public methods"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and (count := _public_methods(node)) > MOST_PUBLIC_METHODS
    ]
    assert crowded == []


def test_no_module_is_a_drawer_for_anything():
    drawers = [m.where for m in modules() if DRAWERS & set(m.name.split("."))]
    assert drawers == []


def test_a_domain_has_one_name_on_both_sides():
    core = {name.split(".")[1] for m in modules("saaskit_core") if "." in (name := m.name)}
    alike = {_stem(name): name for name in core}
    apps = [app.name for app in django_apps()]
    differing = [(app, alike[_stem(app)]) for app in apps if alike.get(_stem(app), app) != app]
    assert differing == []


def test_an_app_is_labelled_after_its_folder():
    wrong = [
        f"{app.relative_to(ROOT).as_posix()}: the label is {label!r}"
        for app in django_apps()
        if (label := _label(app / "apps.py")) != f"saaskit_{app.name}"
    ]
    assert wrong == []


def _public_methods(node: ast.ClassDef) -> int:
    methods = {
        member.name
        for member in node.body
        if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    return sum(not name.startswith("_") for name in methods)


def _stem(name: str) -> str:
    """What is left of a name without underscores and number, so that `coupon` meets `coupons`."""
    return name.replace("_", "").rstrip("s")


def _label(apps_py) -> str | None:
    for node in ast.walk(ast.parse(apps_py.read_text(encoding="utf-8"))):
        match node:
            case ast.Assign(targets=[ast.Name(id="label")], value=ast.Constant(value=str(label))):
                return label
    return None
