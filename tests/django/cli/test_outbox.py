"""The outbox on the command line: what is dead, and another chance for it."""

from __future__ import annotations

import argparse
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from saaskit_core.cli import main
from saaskit_django.cli import outbox
from saaskit_django.outbox.models import Delivery, OutboxMessage

pytestmark = pytest.mark.django_db(transaction=True)

SETTINGS = ["--settings", "tests.projects.full.settings"]
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def delivery(topic: str, **fields: Any) -> Delivery:
    number = OutboxMessage.objects.count()
    message = OutboxMessage.objects.create(
        topic=topic, key=f"key{number}", aggregate="a:1", payload={"x": 1}, occurred_at=NOW
    )
    row = {"handler": "shop.react", "status": "dead", "attempts": 11, "last_error": "ValueError: x"}
    return Delivery.objects.create(
        message=message, aggregate="a:1", next_at=NOW, **{**row, **fields}
    )


def call(*given: str) -> tuple[int, str]:
    parser = argparse.ArgumentParser()
    outbox.configure(parser)
    out, err = io.StringIO(), io.StringIO()
    code = outbox.run(parser.parse_args([*given, *SETTINGS]), now=NOW, out=out, err=err)
    return code, out.getvalue() + err.getvalue()


@pytest.fixture(autouse=True)
def _rows() -> None:
    delivery("shop.ordered")
    delivery("shop.sent")
    delivery("shop.sent", status="pending", attempts=0)


def test_the_list_shows_the_dead_ones_and_counts_all():
    code, text = call("list")
    assert code == 0
    assert "shop.sent  a:1  shop.react  ValueError: x" in text.splitlines()[0]
    assert text.splitlines()[-1] == "2 dead, 1 pending"
    answer = json.loads(call("list", "--json", "--status", "pending")[1])
    assert [row["topic"] for row in answer["deliveries"]] == ["shop.sent"]
    assert "payload" not in answer["deliveries"][0]


@pytest.mark.parametrize(("given", "count"), [(("--topic", "shop.sent"), 1), (("--all",), 2)])
def test_dead_ones_are_revived(given: tuple[str, ...], count: int):
    dry = {"matched": count, "revived": 0, "dry_run": True}
    assert json.loads(call("revive", "--json", "--dry-run", *given)[1]) == dry
    assert call("revive", *given) == (0, f"{count} deliveries match, {count} will be tried again\n")
    assert Delivery.objects.filter(status="dead").count() == 2 - count
    assert call("revive", *given)[0] == 1


def test_one_is_revived_by_its_id():
    row = Delivery.objects.filter(status="dead").first()
    assert row is not None
    assert call("revive", "--id", str(row.pk))[0] == 0
    row.refresh_from_db()
    assert (row.status, row.attempts, row.next_at) == ("pending", 0, NOW)


def test_reviving_nothing_in_particular_is_wrong_usage():
    assert call("revive")[0] == 2
    assert Delivery.objects.filter(status="dead").count() == 2


def test_the_console_script_has_it(capsys: pytest.CaptureFixture[str]):
    assert main(["outbox", "list", *SETTINGS]) == 0
    assert "shop.ordered" in capsys.readouterr().out
