"""What nobody should send: a clear 4xx for each, never a 5xx, and nothing half-written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import make_plan
from tests.contract.cases import CASES, Call
from tests.contract.table import Entry, everything
from tests.contract.test_contract import BUILT, READS, assert_problem, call
from tests.contract.world import Caller, World, snapshot

SENDING = [
    name for name in BUILT if not name.startswith(("GET ", "PUT ")) and "<provider>" not in name
]
"""What reads a body; PUT is always the twin of a PATCH or POST."""
TAKING = [name for name in SENDING if everything()[name].takes]
KIB = 1024

BROKEN = {
    "no JSON": b"{",
    "a word": b"hello",
    "two documents": b"{}{}",
    "a trailing comma": b'{"a": 1,}',
    "single quotes": b"{'a': 1}",
    "a key twice": b'{"a": 1, "a": 2}',
    "not UTF-8": b'{"a": "\xff\xfe"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "a float too large": b'{"a": 1e999}',
    "an integer too large": b'{"a": ' + b"9" * 5000 + b"}",
    "NUL": b'{"a": "\\u0000"}',
    "NUL in a key": b'{"\\u0000": 1}',
    "half a character": b'{"a": "\\ud800"}',
    "half a character in a key": b'{"\\udfff": 1}',
    "too deep": b"[" * 5000 + b"]" * 5000,
    "deep objects": b'{"a":' * 60 + b"1" + b"}" * 60,
    "far too deep": b"[" * 200_000,
}
WRONG_KINDS = ([1], {"a": 1}, 1.5, "x" * 20_001)
"""Not the value of any field of this version."""
WRONG_IDS = (0, -1, 2**63, 1.5, "abc", "", True, None, "1; DROP TABLE", "٣" * 40)
WRONG_AMOUNTS = (
    *(19.99, -5, "-5.00", "1e5", "NaN", "Infinity", "", "abc", "1,50", "0x10", True, None),
    *("9" * 400, "1.2.3", "٣٤", "--5", "1_000"),
)
WRONG_CURRENCIES = ("usd", "US", "XXQ", "ZZZ", "EURO", "", 978, None, "€")
NO_ADDRESSES = ("x", "a@b@c", "a b@example.com")
WRONG_VALUES: dict[str, tuple[Any, ...]] = {
    "subscription_plan_id": WRONG_IDS,
    "plan_id": WRONG_IDS,
    "invoice_id": WRONG_IDS,
    "amount": WRONG_AMOUNTS,
    "currency": WRONG_CURRENCIES,
    "billing_frequency": ("monthly", "Daily", "", 1, None),
    "quantity": (0, -1, 1.5, "many", 10**9, None),
    "preview": ("perhaps", 7, None),
    "policy": ("someday", "", 1),
    "email": ("", *NO_ADDRESSES, "a@example.com\r\nBcc: b@c.d", 1, None),
    "password": ("", 1, None),
    "new_password": ("", "12345678", 1, None),
    "full_name": ("", "a\nb", "a\x1b[31m", 1, None),
    "preferred_language": ("xx", "klingon", 1),
    "timezone": ("Mars/Olympus", "", "../../etc/passwd", 1, None),
    "phone": ("+1\n2", "1" * 33, 1),
    "logo": ("not a file", 1, True),
    "type": ("Other", "", 1, None),
    "title": ("", "x" * 201, 1, None),
    "message": ("", "x" * 5001, 1, None),
    "code": ("", 1, None),
    "payment_method": ("Cash", 1, None),
    "return_url": ("javascript:alert(1)", "not a url", "https://x/" + "y" * 2000, 1),
    "all": ("perhaps", None),
    "days": (-1, 801, 1.5, "x", None),
    "seconds": (-1, 86_400, "x"),
    "transaction_id": ("", "x" * 65, 1, None),
    "user_id": ("me", 1.5, True, "x" * 65),
    "refresh": (1, None),
    "token": ("", 1, None),
    "customer_id": WRONG_IDS,
    "start_date": ("2026-01-31", "2026-02-30T00:00:00Z", "", 1, None),
    "end_date": ("2026-01-31", "1999-12-31T00:00:00", "0001-01-01T00:00:00Z", 1, None),
    "status": ("active", "Deleted", "", 1, None),
    "auto_renew": ("perhaps", 7, None),
    "charge": ("perhaps", 7, None),
    "name": ("", 1, None),
    "monthly_price": WRONG_AMOUNTS,
    "yearly_price": WRONG_AMOUNTS,
    "max_operations": (-1, 1.5, "many", True, None),
    "max_api_calls_per_hour": (-1, 1.5, "many", True, None),
    "features": ({"nobody.knows": 1}, {"api_access": {"enabled": "perhaps"}}, None),
    "prices": ([{}], [{"billing_frequency": "Monthly", "amount": -1}], [None], None),
    "trial_days": (-1, 1.5, 100_000, None),
}
"""What a field of that name doesn't hold: wrong type, sign, size, spelling."""
SILENT_ABOUT_ADDRESSES = (
    *("/api/auth/login/", "/api/auth/api/token/", "/api/token/"),
    "/api/auth/request-password-reset/",
)
"""Where what can't be an address is answered like an address that nobody has."""


def caller_of(entry: Entry) -> Caller:
    return Caller.ADMIN if entry.who in ("admin", "moderator", "scheduler") else Caller.OWNER


def refused(response: HttpResponse, *, at_most: int = 499) -> dict[str, Any]:
    assert 400 <= response.status_code <= at_most, (response.status_code, response.content)
    return assert_problem(response)


@pytest.mark.parametrize("name", SENDING)
def test_broken_bodies(world: World, name: str) -> None:
    entry = everything()[name]
    made = CASES[name](world, caller_of(entry))
    before = snapshot()
    for what, raw in BROKEN.items():
        response = call(world, entry, caller_of(entry), Call(parts=made.parts, raw=raw))
        assert response.status_code == 400, (what, response.status_code, response.content)
        assert refused(response)["code"] == "malformed_body", what
    for raw in (b"[]", b"1", b'"x"', b"true", b"[{}]"):
        response = call(world, entry, caller_of(entry), Call(parts=made.parts, raw=raw))
        assert response.status_code == 400, (raw, response.content)
    assert snapshot() == before


@pytest.mark.parametrize("name", SENDING)
def test_too_large_bodies_and_other_content_types(world: World, name: str) -> None:
    entry = everything()[name]
    caller = caller_of(entry)
    made = CASES[name](world, caller)
    before = snapshot()
    huge = json.dumps({"title": "x" * (1024 * KIB)}).encode()
    assert call(world, entry, caller, Call(parts=made.parts, raw=huge)).status_code == 413
    path = entry.path.replace("<id>", str((*made.parts, "")[0]))
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "x"):
        response = world.send(entry.method, path, b"{}", caller=caller, content_type=kind)
        assert response.status_code == 415, (kind, response.content)
        assert refused(response)["code"] == "unsupported_content_type"
    assert snapshot() == before


@pytest.mark.parametrize("name", TAKING)
def test_wrong_values_of_each_field(world: World, name: str) -> None:
    entry = everything()[name]
    caller = caller_of(entry)
    made = CASES[name](world, caller)
    before = snapshot()
    for field in entry.takes:
        for value in (*WRONG_KINDS, *WRONG_VALUES.get(field, ())):
            if value in NO_ADDRESSES and entry.path in SILENT_ABOUT_ADDRESSES:
                continue
            body = {**(made.body or {}), field: value}
            if field in ("invoice_id", "amount") and entry.path == "/api/payment/create-intent/":
                body.pop("subscription_plan_id", None)
            asks_admin = field in ("amount", "user_id") and caller is not Caller.ADMIN
            response = call(
                world,
                entry,
                Caller.ADMIN if asks_admin else caller,
                Call(parts=made.parts, body=body),
            )
            assert response.status_code in (400, 404), (field, value, response.content)
            refused(response)
    assert snapshot() == before


@pytest.mark.parametrize("name", [n for n in TAKING if any(everything()[n].takes.values())])
def test_what_must_be_given_is_missed_by_name(world: World, name: str) -> None:
    entry = everything()[name]
    made = CASES[name](world, caller_of(entry))
    before = snapshot()
    for field in [field for field, is_required in entry.takes.items() if is_required]:
        body = {key: value for key, value in made.body.items() if key != field}
        response = call(world, entry, caller_of(entry), Call(parts=made.parts, body=body))
        assert response.status_code == 400, response.content
        error = {"pointer": f"/{field}", "code": "required"}
        assert error.items() <= refused(response)["errors"][0].items()
    assert snapshot() == before


@pytest.mark.parametrize("name", [name for name in SENDING if everything()[name].who == "user"])
def test_odd_headers(world: World, name: str) -> None:
    entry = everything()[name]
    made = CASES[name](world, Caller.OWNER)
    before = snapshot()
    for token in (
        "",
        "Bearer",
        "Bearer x y",
        "Bearer ä",
        "Bearer " + "x" * 9000,
        "Basic eDp5",
        "B",
    ):
        odd = Call(parts=made.parts, body=made.body, headers={"authorization": token})
        assert call(world, entry, Caller.OWNER, odd).status_code == 401, token
    assert snapshot() == before


@pytest.mark.parametrize("key", ["", "x" * 256, "ä", "tab\there", "\x7f"])
@pytest.mark.parametrize("name", ["POST /api/payment/create-intent/", "POST /api/payment/confirm/"])
def test_odd_idempotency_keys(world: World, name: str, key: str) -> None:
    made = CASES[name](world, Caller.OWNER)
    before = snapshot()
    odd = Call(body=made.body, headers={"idempotency-key": key})
    response = call(world, everything()[name], Caller.OWNER, odd)
    assert (response.status_code, refused(response)["code"]) == (400, "idempotency_key_invalid")
    assert snapshot() == before


def test_a_key_used_for_another_body_is_422(world: World) -> None:
    entry = everything()["POST /api/payment/create-intent/"]
    headers = {"idempotency-key": "mine"}
    first = Call(body={"subscription_plan_id": world.basic.pk}, headers=headers)
    other = Call(body={"subscription_plan_id": world.pro.pk}, headers=headers)
    assert call(world, entry, Caller.OWNER, first).status_code == 200
    before = snapshot()
    response = call(world, entry, Caller.OWNER, other)
    assert (response.status_code, refused(response)["code"]) == (422, "idempotency_key_reused")
    assert snapshot() == before
    assert call(world, entry, Caller.OTHER, other).status_code == 200


@pytest.mark.parametrize("name", READS)
def test_odd_queries(world: World, name: str) -> None:
    entry = everything()[name]
    caller = caller_of(entry)
    made = CASES[name](world, caller)
    world.headers(caller)
    before = snapshot()
    for field in sorted(entry.query | {"limit", "offset", "q"}):
        for text in (
            "%00",
            "%ff",
            "%ED%A0%80",
            "9" * 400,
            "-1",
            "NaN",
            "2026-02-30",
            "a" * 9000,
            "[]",
        ):
            query = f"{made.query}&{field}={text}" if made.query else f"{field}={text}"
            response = call(world, entry, caller, Call(parts=made.parts, query=query))
            assert response.status_code < 500, (field, text, response.content)
    assert snapshot() == before


@pytest.mark.parametrize("amount", ["0", "0.00", "0.001", "30.001", "99999999999999999999"])
def test_amounts_that_no_payment_has(world: World, amount: str) -> None:
    paid = world.subscribed(Caller.OWNER)
    before = snapshot()
    refund = Call(body={"transaction_id": paid.transaction_id, "amount": amount})
    response = call(world, everything()["POST /api/payment/refund/"], Caller.ADMIN, refund)
    assert response.status_code in (400, 409), response.content
    charge = Call(body={"amount": amount, "currency": "USD"})
    response = call(world, everything()["POST /api/payment/create-intent/"], Caller.ADMIN, charge)
    if amount != "99999999999999999999":
        assert response.status_code == 400, response.content
    assert response.status_code < 500, response.content
    assert snapshot() == before


def test_the_amount_is_the_admins_to_name(world: World) -> None:
    entry = everything()["POST /api/payment/create-intent/"]
    before = snapshot()
    for caller in (Caller.OWNER, Caller.MODERATOR):
        response = call(world, entry, caller, Call(body={"amount": "0.01"}))
        assert response.status_code == 403, response.content
    both = {"amount": "0.01", "subscription_plan_id": world.pro.pk}
    assert call(world, entry, Caller.OWNER, Call(body=both)).status_code == 403
    assert snapshot() == before


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "1000"), ("KWD", "1.234")])
def test_amounts_of_other_currencies_are_exact(world: World, currency: str, amount: str) -> None:
    plan = make_plan("local", amount, currency=currency)
    body = {"subscription_plan_id": plan.pk, "currency": currency}
    made = call(
        world, everything()["POST /api/payment/create-intent/"], Caller.OWNER, Call(body=body)
    )
    assert (made.json()["amount"], made.json()["currency"]) == (amount, currency)
    assert (
        call(
            world,
            everything()["POST /api/payment/create-intent/"],
            Caller.ADMIN,
            Call(
                body={
                    "amount": amount + "5" if "." in amount else amount + ".5",
                    "currency": currency,
                }
            ),
        ).status_code
        == 400
    )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),
        ({"sandbox-signature": "nonsense"}, 400),
        ({"sandbox-signature": "t=1,v1=00"}, 400),
        ({"sandbox-signature": "t=" + "9" * 400 + ",v1=00"}, 400),
        ({"sandbox-signature": "t=\u0661,v1=ü"}, 400),
    ],
)
def test_deliveries_that_nobody_signed(world: World, headers: dict[str, str], status: int) -> None:
    body = CASES["POST /api/payment/webhook/<provider>/"](world, Caller.PROVIDER).data
    before = snapshot()
    response = world.send("POST", "/api/payment/webhook/sandbox/", body, headers=headers)
    assert response.status_code == status, response.content
    refused(response)
    assert snapshot() == before


def test_deliveries_from_nowhere_and_endless_ones(world: World) -> None:
    made = CASES["POST /api/payment/webhook/<provider>/"](world, Caller.PROVIDER)
    before = snapshot()
    for provider in ("nobody", "stripe", "x" * 300, "%00", "..", "SANDBOX"):
        path = f"/api/payment/webhook/{provider}/"
        assert world.send("POST", path, made.data, headers=made.headers).status_code == 404, (
            provider
        )
    path = "/api/payment/webhook/sandbox/"
    tampered = made.data.replace(b"30", b"31").replace(b"10", b"11")
    assert world.send("POST", path, tampered, headers=made.headers).status_code == 400
    huge = b'{"a": "' + b"x" * (256 * KIB) + b'"}'
    assert world.send("POST", path, huge, headers=made.headers).status_code == 413
    assert snapshot() == before


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.sampled_from(["1", "USD", "Monthly", "WELCOME", "pm_card_ok", "2026-01-31", "-0", "true"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.hypothesis
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_anything_at_all_is_answered(world: World, data: st.DataObject) -> None:
    entry = everything()[data.draw(st.sampled_from(SENDING))]
    names = st.sampled_from([*entry.takes, "other"])
    body = data.draw(st.dictionaries(names, VALUES, max_size=len(entry.takes) + 1) | VALUES)
    raw = json.dumps(body).encode()
    path = entry.path.replace("<id>", str(data.draw(st.integers(min_value=0, max_value=3))))
    response = world.send(entry.method, path, raw, caller=data.draw(st.sampled_from(Caller)))
    assert response.status_code < 500, (entry.name, raw, response.content)
    if response.status_code >= 400:
        refused(response)
