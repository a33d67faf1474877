"""The reference of the core lists what is there, and no room of the core is left out."""

import inspect
import re
from importlib import import_module
from pkgutil import iter_modules

import pytest

import saaskit_core
from saaskit_core.subscriptions import facts
from tests.architecture.source import ROOT

PAGE = (ROOT / "docs" / "reference" / "core.md").read_text(encoding="utf-8")
OPTIONS = dict(re.findall(r"^::: (\S+)\n((?:    .*\n)*)", PAGE, re.MULTILINE))


def listed(module):
    inline = re.search(r"members: \[(.*?)\]", OPTIONS[module])
    if inline:
        return [name.strip() for name in inline[1].split(",")]
    return re.findall(r"^ {8}- (\w+)$", OPTIONS[module], re.MULTILINE)


@pytest.mark.parametrize("module", OPTIONS)
def test_what_is_listed_is_there_and_is_no_module(module):
    found = import_module(module)
    missing = [name for name in listed(module) if not hasattr(found, name)]
    assert missing == []
    assert [name for name in listed(module) if inspect.ismodule(getattr(found, name))] == []


def test_every_room_is_listed():
    rooms = {each.name for each in iter_modules(saaskit_core.__path__) if each.ispkg}
    assert rooms - {name.split(".")[1] for name in OPTIONS} == set()


def test_every_fact_and_function_of_the_listed_modules_says_what_it_does():
    silent = [
        f"{module}.{name}"
        for module in OPTIONS
        for name in listed(module)
        if inspect.isfunction(getattr(import_module(module), name))
        and not inspect.getdoc(getattr(import_module(module), name))
    ]
    assert silent == []
    assert [kind.__name__ for kind in facts.KINDS if not inspect.getdoc(kind)] == []


def test_where_to_start_leads_to_what_is_listed():
    links = re.findall(r"\]\[(saaskit_core\.[\w.]+)\]", PAGE)
    assert links
    for link in links:
        module, _, name = link.rpartition(".")
        assert module in OPTIONS
        assert not listed(module) or name in listed(module)
