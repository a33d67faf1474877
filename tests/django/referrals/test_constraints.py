"""Each rule stands in the database: plain SQL can't break it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from saaskit_core.errors import SaasKitError
from saaskit_core.referrals import InvalidProgramme
from saaskit_django.referrals.models import (
    ReferralCode,
    ReferralPayment,
    ReferralProgramme,
    ReferralReward,
    ReferralStep,
    ReferralTransaction,
    reward_of,
)
from saaskit_django.referrals.services.sweep import reward_referrals
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import START
from tests.django.referrals.builders import buy, came_by, make_code

pytestmark = pytest.mark.django_db(transaction=True)

TABLES = {
    "code": ReferralCode,
    "referral": ReferralTransaction,
    "reward": ReferralReward,
    "payment": ReferralPayment,
    "programme": ReferralProgramme,
    "step": ReferralStep,
}
COPIES = [
    ("code", "saaskit_referral_code_one", {"code": "'OTHER'"}),
    ("code", "code", {"is_active": "false"}),
    ("referral", "referred", {"reference": "'r2'", "referred_user_id": "NULL"}),
    ("reward", "saaskit_referral_reward_once", {"key": "'other'"}),
    ("reward", "key", {"milestone": "2"}),
    ("payment", "saaskit_referral_payment_invoice", {"number": "2"}),
    ("payment", "saaskit_referral_payment_number", {"invoice": "'another'"}),
    ("programme", "saaskit_referral_one_default", {"key": "'k'"}),
    ("step", "saaskit_referral_step_sequence", {"note": "'n'"}),
]
CHANGES = [
    ("code", "code = 'lower'"),
    ("code", "code = ''"),
    ("code", "max_uses = 1, current_uses = 2"),
    ("referral", "referrer_id = referred_id"),
    ("referral", "status = 'stolen'"),
    ("referral", "status = 'flagged'"),
    ("payment", "paid_minor = 0"),
    ("payment", "state = 'gone'"),
    ("payment", "returned_minor = -1"),
    ("programme", "referrer_reward = NULL, referred_reward = NULL"),
    ("programme", "window_days = 0"),
]
ENTRIES = [
    {"kind": "'grant'", "units": "0"},
    {"kind": "'capped'", "units": "1"},
    {"kind": "'consume'", "units": "1"},
    {"kind": "'reverse'", "units": "1"},
    {"kind": "'grant'", "referral_id": "NULL"},
    {"kind": "'grant'", "side": "'both'"},
]


@pytest.fixture(autouse=True)
def rewarded(sandbox: SandboxProvider, programme: ReferralProgramme) -> None:
    """One row of each table."""
    buy(came_by(make_code()))
    reward_referrals(now=START.replace(day=15))


def execute(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def copy(model: type[Any], changed: dict[str, str]) -> str:
    """The statement that inserts a copy of the first row with some columns changed."""
    table = model._meta.db_table
    columns = [field.column for field in model._meta.concrete_fields if not field.primary_key]
    values = [changed.get(column, column) for column in columns]
    first = f"SELECT MIN(id) FROM {table}"
    return (
        f"INSERT INTO {table} ({', '.join(columns)})"
        f" SELECT {', '.join(values)} FROM {table} WHERE id = ({first})"
    )


@pytest.mark.parametrize(("name", "rule", "changed"), COPIES, ids=[rule for _, rule, _ in COPIES])
def test_there_is_only_one(name: str, rule: str, changed: dict[str, str]) -> None:
    with pytest.raises(IntegrityError):
        execute(copy(TABLES[name], changed))


@pytest.mark.parametrize(("name", "change"), CHANGES, ids=[change for _, change in CHANGES])
def test_no_row_becomes_impossible(name: str, change: str) -> None:
    with pytest.raises(IntegrityError):
        execute(f"UPDATE {TABLES[name]._meta.db_table} SET {change}")


@pytest.mark.parametrize("changed", ENTRIES, ids=lambda each: " ".join(each.values()))
def test_no_entry_is_impossible(changed: dict[str, str]) -> None:
    every = {"key": "'other'", "milestone": "7", **changed}
    with pytest.raises(IntegrityError):
        execute(copy(ReferralReward, every))


@pytest.mark.parametrize("sql", ["UPDATE {} SET units = 7", "DELETE FROM {}"])
def test_the_ledger_is_append_only(sql: str) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no such triggers of ours")
    with pytest.raises(DatabaseError, match="append-only"):
        execute(sql.format(ReferralReward._meta.db_table))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"type": "gold"},
        {"type": "credit", "amount": 5},
        {"type": "credit", "percent": "many"},
        {"type": "credit", "amounts": [1]},
        {"type": "credit", "amounts": {"USD": "ten"}},
        {"type": "free_month", "months": "two"},
        ["credit"],
    ],
    ids=str,
)
def test_a_reward_that_is_none_is_named(document: Any) -> None:
    with pytest.raises(SaasKitError):
        reward_of(document)


def test_minimums_are_an_object() -> None:
    row = ReferralProgramme(key="k", referrer_reward={"type": "free_month", "months": 1})
    row.minimums = ["USD"]
    with pytest.raises(InvalidProgramme):
        row.to_core()


def test_rows_name_themselves() -> None:
    names = {name: str(model.objects.first()) for name, model in TABLES.items()}
    assert names["programme"] == "friends"
    assert names["reward"] == "grant 1000 USD"
    assert names["payment"].endswith(": due")
    assert names["referral"].endswith(": rewarded")
    assert names["step"].startswith(str(ReferralTransaction.objects.get().referred_id))
