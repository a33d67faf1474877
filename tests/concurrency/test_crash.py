"""Paid and active are one commit: killed at any statement, neither or both; then all of it once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from tests.architecture.source import ROOT

pytestmark = pytest.mark.django_db(transaction=True)

SETTINGS = "tests.projects.full.settings"
TOLD = {"payment.succeeded", "invoice.issued", "invoice.paid", "subscription.activated"}


def killed_everywhere(scenario: str, folder: Path) -> list[dict[str, Any]]:
    """Let a process do the scenario once per statement, killed there; return what it found."""
    name = str(connections["default"].settings_dict["NAME"])
    assert settings.SETTINGS_MODULE == SETTINGS
    command = [sys.executable, "-m", "tests.concurrency.crash", SETTINGS, name]
    connections.close_all()
    done = subprocess.run(
        [*command, str(folder / "books.sqlite3"), scenario],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def distinct(found: list[Any]) -> list[Any]:
    return [each for place, each in enumerate(found) if each not in found[:place]]


def test_a_confirmation_killed_at_every_statement_is_neither_or_both(tmp_path: Path) -> None:
    found = killed_everywhere("confirming", tmp_path)

    assert len([each for each in found if each["was_killed"]]) >= 20
    unsent, before, after = distinct([each["crashed"] for each in found])
    assert unsent == {**before, "charged": [0]}
    assert before["payments"] == [["requires_action", 0]]
    assert before["invoices"] == [["draft", False, 2400]]
    assert before["subscription"][:2] == ["Pending", None]
    assert (before["coupon"], before["counts_from"], before["methods"]) == (["reserved"], 0, 0)
    assert after["payments"] == [["succeeded", 1900]]
    assert after["invoices"] == [["paid", True, 2400]]
    assert after["subscription"][:2] == ["Active", 0]
    assert (after["coupon"], after["counts_from"], after["methods"]) == (["confirmed"], 1, 1)
    assert set(after["told"]) - set(before["told"]) == TOLD
    assert before["charged"] == after["charged"] == [1900]
    assert before["ledger"] == after["ledger"] == {"USD": 0}
    assert before["wallet"] == after["wallet"] == 0
    for each in found:
        was_charged = each["crashed"] != unsent
        assert each["recovered"] == (after if was_charged else unsent), each


def test_a_renewal_killed_at_every_other_statement_is_charged_once(tmp_path: Path) -> None:
    found = killed_everywhere("renewing", tmp_path)

    assert len([each for each in found if each["was_killed"]]) >= 20
    for each in found:
        crashed = each["crashed"]
        was_paid = ["succeeded", 3000] in crashed["payments"]
        assert was_paid == (["paid", True, 3000] in crashed["invoices"]), each
        assert was_paid == (crashed["subscription"][:2] == ["Active", 1]), each
        assert crashed["charged"] in ([1900], [1900, 3000]), each
        assert each["recovered"]["charged"] == [1900, 3000], each
        assert each["recovered"]["invoices"] == [["paid", True, 2400], ["paid", True, 3000]], each
        assert each["recovered"]["subscription"][:3] == ["Active", 1, 1], each
        assert each["recovered"]["ledger"] == {"USD": 0}, each
