"""The inbox on the command line: say what came, act upon it again, forget it."""

from __future__ import annotations

import argparse
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from saaskit_core.cli import main
from saaskit_django.cli import webhooks
from saaskit_django.cli.instants import before, moment
from saaskit_django.payments.models import RefusedDelivery, WebhookEvent

pytestmark = pytest.mark.django_db(transaction=True)

SETTINGS = ["--settings", "tests.projects.full.settings"]
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def delivery(number: int, **fields: Any) -> WebhookEvent:
    received_at = NOW - timedelta(days=number)
    row = {
        "provider": "sandbox",
        "event_id": f"evt_{number}",
        "kind": "payment.changed",
        "reference": "pay_of_nobody",
        "body": b"{}",
        "occurred_at": received_at,
        "received_at": received_at,
        "status": "dead",
        "attempts": 12,
        "error": "unknown_local_object",
    }
    return WebhookEvent.objects.create(**{**row, **fields})


def call(*given: str) -> tuple[int, str]:
    parser = argparse.ArgumentParser()
    webhooks.configure(parser)
    out, err = io.StringIO(), io.StringIO()
    arguments = parser.parse_args([*given, *SETTINGS])
    code = webhooks.run(arguments, now=NOW, out=out, err=err)
    return code, out.getvalue() + err.getvalue()


@pytest.fixture(autouse=True)
def _rows(settings: Any) -> None:
    settings.SAASKIT = {**settings.SAASKIT, "DISPATCH": "worker"}
    delivery(1)
    delivery(2, status="done", error="", done_at=NOW)
    delivery(40, status="ignored", kind="method.changed", provider="other")
    delivery(90, kind="refund.changed")


def test_the_list_is_newest_first_and_counts_everything():
    code, text = call("list", "--limit", "2")
    assert code == 0
    lines = text.splitlines()
    assert [line.split()[-2:] for line in lines[:1]] == [["evt_1", "unknown_local_object"]]
    assert lines[1].endswith("evt_2")
    assert lines[2:] == ["2 dead, 1 done, 1 ignored"]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (("--status", "dead"), ["evt_1", "evt_90"]),
        (("--status", "dead", "--status", "done"), ["evt_1", "evt_2", "evt_90"]),
        (("--provider", "other"), ["evt_40"]),
        (("--type", "refund.changed"), ["evt_90"]),
        (("--since", "50d"), ["evt_1", "evt_2", "evt_40"]),
        (("--since", "2026-05-31"), ["evt_1"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_the_list_is_filtered(given: tuple[str, ...], found: list[str]):
    answer = json.loads(call("list", "--json", *given)[1])
    assert [row["event_id"] for row in answer["deliveries"]] == found
    assert "body" not in answer["deliveries"][0]


def test_the_list_tells_of_refused_deliveries():
    RefusedDelivery.objects.create(
        provider="sandbox", code="webhook_not_verified", day=NOW.date(), count=3, last_at=NOW
    )
    assert "refused  2026-06-01  sandbox  3 × webhook_not_verified" in call("list")[1]
    assert json.loads(call("list", "--json")[1])["refused"][0]["count"] == 3


def test_a_dry_run_changes_nothing():
    before_it = list(WebhookEvent.objects.values())
    code, text = call("replay", "--status", "dead", "--dry-run", "--json")
    assert (code, json.loads(text)) == (0, {"matched": 2, "replayed": 0, "dry_run": True})
    assert list(WebhookEvent.objects.values()) == before_it


def test_replay_makes_what_is_meant_due_again():
    code, text = call("replay", "--id", "evt_1", "--id", "evt_2", "--json")
    assert (code, json.loads(text)) == (0, {"matched": 2, "replayed": 2, "dry_run": False})
    due = WebhookEvent.objects.filter(status="received", attempts=0, next_try_at=NOW)
    assert sorted(due.values_list("event_id", flat=True)) == ["evt_1", "evt_2"]
    ours = str(WebhookEvent.objects.get(event_id="evt_90").pk)
    assert call("replay", "--id", ours)[0] == 0
    assert WebhookEvent.objects.get(event_id="evt_90").status == "received"


def test_without_workers_replay_acts_at_once(settings: Any):
    settings.SAASKIT = {**settings.SAASKIT, "DISPATCH": "inline"}
    assert call("replay", "--type", "payment.changed", "--since", "1d")[0] == 0
    row = WebhookEvent.objects.get(event_id="evt_1")
    assert (row.status, row.attempts, row.error) == ("deferred", 1, "unknown_local_object")


def test_replay_of_nothing_in_particular_is_wrong_usage_and_of_nothing_found_is_refused():
    assert call("replay")[0] == 2
    assert call("replay", "--id", "evt_unheard_of")[0] == 1
    assert not WebhookEvent.objects.filter(status="received").exists()


def test_purge_deletes_what_is_settled_and_old():
    code, text = call("purge", "--older-than", "30d", "--json")
    assert (code, json.loads(text)) == (0, {"deleted": 1})
    left = WebhookEvent.objects.order_by("pk").values_list("event_id", flat=True)
    assert list(left) == ["evt_1", "evt_2", "evt_90"]


@pytest.mark.parametrize("text", ["soon", "7", "7w", "-3d", "2026-02-30", ""])
def test_instants_that_are_none(text: str):
    with pytest.raises(argparse.ArgumentTypeError):
        moment(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("7d", NOW - timedelta(days=7)),
        ("12h", NOW - timedelta(hours=12)),
        ("30m", NOW - timedelta(minutes=30)),
        ("99999d", NOW - timedelta(days=99999)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T10:00:00+02:00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
    ],
)
def test_instants(text: str, meant: datetime):
    assert before(moment(text), now=NOW) == meant


def test_the_console_script_has_it(capsys: pytest.CaptureFixture[str]):
    assert main(["webhooks", "list", "--status", "dead", *SETTINGS]) == 0
    assert "evt_90" in capsys.readouterr().out
    assert main(["webhooks", "purge"]) == 2
