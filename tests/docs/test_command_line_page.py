"""The page about the command line names what commands take, and shows what they print."""

import argparse
import re
import shlex
from importlib import import_module

import pytest

from saaskit_core import cli
from tests.architecture.source import ROOT

PAGE = (ROOT / "docs" / "reference" / "command_line.md").read_text(encoding="utf-8")
PAGES = ["README.md", *(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md"))]


def parser_of(command):
    parser = argparse.ArgumentParser(prog=command.name, exit_on_error=False)
    import_module(command.module).configure(parser)
    return parser


def options_of(parser):
    for action in parser._actions:
        yield from (option for option in action.option_strings if option.startswith("--"))
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from options_of(inner)


@pytest.mark.parametrize("command", cli.OWN, ids=lambda command: command.name)
def test_every_command_of_the_core_is_there_with_its_options(command):
    assert f"| `saaskit {command.name}" in PAGE
    assert f"\n## {command.name}\n" in PAGE
    assert [each for each in options_of(parser_of(command)) if each not in PAGE] == []


def test_the_quote_is_the_one_that_is_shown(capsys):
    shown = re.search(r"\$ saaskit (quote .*)\n((?:.*\n)*?)```", PAGE)
    assert cli.main(shlex.split(shown[1])) == 0
    assert capsys.readouterr().out == shown[2]


@pytest.mark.parametrize("page", PAGES)
def test_what_pages_tell_to_type_can_be_typed(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    known = {command.name: command for command in cli.OWN}
    for typed in re.findall(r"^(?:\$ )?(?:.* \| )?saaskit (.+)$", text, re.MULTILINE):
        name, *given = shlex.split(typed, comments=True)
        if name in known:
            parser_of(known[name]).parse_args(given)
