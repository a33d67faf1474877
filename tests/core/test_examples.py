"""The scripts and the pages about billing do what they say, without Django."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "examples" / "scripts").glob("*.py"))
PAGES = [
    ROOT / "docs" / "explanation" / name
    for name in (
        "how_a_bill_is_computed.md",
        "metrics.md",
        "policies.md",
        "subscription_states.md",
        "simulation.md",
    )
]
EXPECTED = {
    "quote_upgrade.py": "10.00  due now",
    "check_features.py": "calls per hour: 120",
    "next_invoices.py": "2025-01-31  14.50 EUR\n2025-02-28  14.50 EUR\n2025-03-31  14.50 EUR\n"
    "2025-04-30  29.00 EUR",
    "simulate_growth.py": "worse cards, more retries: ",
    "mrr_of_csv.py": "2024-05  3000 JPY, 200.00 USD",
}
WITHOUT_DJANGO = "import sys; sys.modules['django'] = None; sys.path.insert(0, {root!r});"


def run(code):
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_DJANGO.format(root=str(ROOT)) + code],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_script(script):
    done = run(f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')")
    assert (done.returncode, done.stderr) == (0, "")
    assert EXPECTED[script.name] in done.stdout
    assert "django" not in script.read_text().lower()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_page(page):
    text = page.read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (printed,) = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    done = run("\n" + code)
    assert (done.stderr, done.stdout) == ("", printed)


def test_the_explained_story(tmp_path):
    text = (ROOT / "docs" / "explanation" / "subscription_states.md").read_text(encoding="utf-8")
    (story,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    (console,) = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    command, said = console.split("\n", 1)
    (tmp_path / "story.json").write_text(story, encoding="utf-8")
    arguments = command.removeprefix("$ saaskit ").split()
    code = f"import os; os.chdir({str(tmp_path)!r}); from saaskit_core.cli import main;"
    done = run(f"{code} raise SystemExit(main({arguments!r}))")
    assert (done.returncode, done.stderr, done.stdout) == (0, "", said)
