"""The demo as people run it: a process of its own, exit codes, figures, the report."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from examples.demo.__main__ import BadCatalog, cast_of
from tests.architecture.source import ROOT

PATIENCE = 150
GRATIS = """
plans:
  - key: gratis
    name: Gratis
    prices: {Monthly: {USD: "0"}}
"""
SMALL = """
plans:
  - key: basic
    name: Basic
    prices: {Weekly: {JPY: "980"}}
coupons:
  - {code: TENTH, percent: "10", duration: forever}
"""
BAD = """
plans:
  - key: pro
    name: Pro
    prices:
      Monthly: {USD: 29.00}
      Fortnightly: {USD: "9.00"}
"""
SABOTAGED = """
import sys
from examples.demo import __main__ as demo

class Server(demo.LiveServer):
    def wait(self):
        from saaskit_django.billing.models import InvoiceSeries
        InvoiceSeries.objects.create(name="INV", last_number=7)
        return super().wait()

demo.LiveServer = Server
sys.exit(demo.main(sys.argv[1:]))
"""


def run(*arguments: str, start: tuple[str, ...] = ("-m", "examples.demo")) -> Any:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    return subprocess.run(
        [sys.executable, *start, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def catalog(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The demo with its own catalogue, told once."""
    report = tmp_path_factory.mktemp("demo") / "sub" / "report.html"
    done = run("--json", "--report", str(report))
    assert done.returncode == 0, done.stderr + done.stdout[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_figures_of_the_demos_own_catalogue(told: dict[str, Any]) -> None:
    assert told["ok"]
    assert told["left_out"] == []
    assert told["checks"] > 250
    figures = told["figures"]
    assert figures["first_charge"] == "23.20 USD"  # 29.00 less a fifth
    assert figures["upgrade_charge"] == "28.00 USD"  # (99.00 − 29.00) × 80 % for half a month
    assert figures["renewal_charge"] == "99.00 USD"
    assert figures["refund"] == "5.80 USD"
    assert figures["wallet"] == "32.50 EUR"  # (92.00 − 27.00) / 2
    assert figures["mrr"] == {"EUR": "27.00 EUR", "USD": "99.00 USD"}
    assert figures["ledger_sum"] == 0
    assert figures["cash"]["USD"] == {"received": "150.20 USD", "refunded": "5.80 USD"}


def test_every_step_held_and_checked_something(told: dict[str, Any]) -> None:
    assert {step["state"] for step in told["steps"]} == {"done"}
    assert [step["title"] for step in told["steps"] if not step["checks"]] == []
    wrong = [c for s in told["steps"] for c in s["checks"] if c["expected"] != c["found"]]
    assert wrong == []


def test_the_report_stands_alone(told: dict[str, Any]) -> None:
    page = Path(told["report"]).read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(page)
    assert reader.loads == []
    assert reader.open == []
    assert page.count("<svg") == 3
    assert reader.frames >= 12
    assert "Receipt for 23.20 USD" in page
    assert "INV-000001" in page
    assert "prefers-color-scheme: dark" in page


def test_the_report_tells_no_secrets(told: dict[str, Any]) -> None:
    page = Path(told["report"]).read_text(encoding="utf-8")
    assert not re.search(r"eyJ[\w-]{20,}\.", page)
    assert "_secret_sandbox" not in page


def test_a_users_catalogue_leaves_out_what_it_lacks(tmp_path: Path) -> None:
    done = run(
        "--catalog", str(catalog(tmp_path, SMALL)), "--report", str(tmp_path / "r.html"), "--json"
    )
    found = json.loads(done.stdout)
    assert (done.returncode, found["ok"]) == (0, True), done.stderr
    left_out = {each["step"]: each["why"] for each in found["left_out"]}
    assert left_out["A trial"] == "the catalogue has no paid plan with trial_days"
    assert {"An upgrade", "A limit reached", "Credit in the wallet"} <= left_out.keys()
    assert found["figures"]["first_charge"] == "882 JPY"
    assert found["figures"]["renewal_charge"] == "882 JPY"
    assert found["figures"]["ledger_sum"] == 0
    assert not Path(found["folder"]).exists()


def test_a_bad_catalogue_is_named_line_by_line(tmp_path: Path) -> None:
    path = catalog(tmp_path, BAD)
    done = run("--catalog", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{path}, line 6, plans[0].prices.Monthly.USD: 29.0 is a float" in done.stderr
    assert f"{path}, line 7, plans[0].prices.Fortnightly" in done.stderr
    assert "allowed: Monthly, Yearly, Weekly" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "No such file"), ("plans: []", "no plan for sale"), ("- 1", "line 1")],
)
def test_no_catalogue_at_all(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "none.yaml" if text is None else catalog(tmp_path, text)
    with pytest.raises(BadCatalog, match=said) as refused:
        cast_of(path)
    assert str(path) in str(refused.value)


def test_a_broken_invariant_is_named_and_exits_1(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    path = catalog(tmp_path, GRATIS)
    done = run("--catalog", str(path), "--report", str(report), start=("-c", SABOTAGED))
    assert done.returncode == 1, done.stderr
    assert "FAILED at: Invoice and credit note numbers are contiguous" in done.stdout
    assert "INV counter: expected 0, found 7" in done.stdout
    assert "The story stopped" in report.read_text(encoding="utf-8")


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("--port", str(port), "--report", str(tmp_path / "r.html"))
    assert done.returncode == 1
    assert "Address already in use" in done.stderr


class Reader(HTMLParser):
    """Finds what a page would load from elsewhere, and tags that are left open."""

    VOID = {"meta", "br", "hr", "img", "input", "link"}

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.open: list[str] = []
        self.frames = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.frames += tag == "iframe"
        self.loads += [str(found[name]) for name in ("src", "data", "action") if name in found]
        if tag in {"link", "script", "img", "object"}:
            self.loads.append(tag)
        if str(found.get("href", "#"))[0] != "#":
            self.loads.append(str(found["href"]))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An empty element of SVG."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag
