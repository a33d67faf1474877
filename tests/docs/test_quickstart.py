"""The quickstart word for word: its files are written and its commands run as they stand there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

PAGE = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
PART = re.compile(
    r"(?:(?:At the end of|In) `(?P<file>[\w/.]+)`:\n\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
ADDED = ("shop/settings.py", "shop/urls.py")


def test_at_most_ten_lines_are_added_to_a_project():
    added = [part["text"] for part in PART.finditer(PAGE) if part["file"] in ADDED]
    lines = [line for text in added for line in text.splitlines() if line]
    assert len(added) == 2
    assert len(lines) == 9, "the page calls them nine"


@pytest.mark.slow
def test_it_works_word_for_word(tmp_path):
    printed = ""
    for part in PART.finditer(PAGE.partition("## 5.")[0]):
        if part["file"]:
            with (tmp_path / part["file"]).open("a", encoding="utf-8") as file:
                file.write(part["text"])
        elif part["kind"] == "text":
            assert part["text"] in printed
        else:
            printed = run(part["text"].strip(), folder=tmp_path)


def run(command: str, *, folder: Path) -> str:
    """Run one line of the page, by this Python, in the project; answer what it printed."""
    words, _, source = command.partition(" < ")
    program, *arguments = shlex.split(words)
    programs = {"django-admin": ["-m", "django"], "python": []}
    outside = {"DJANGO_SETTINGS_MODULE", "SAASKIT_TEST_DATABASE"}
    environment = {name: text for name, text in os.environ.items() if name not in outside}
    done = subprocess.run(
        [sys.executable, *programs[program], *arguments],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        input=(folder / source).read_text(encoding="utf-8") if source else "",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
