"""Every method and path as every kind of caller."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver

from saaskit_core.providers import ConfirmRequest
from saaskit_django.rest.views import SaasKitView
from tests.contract.cases import CASES, Call
from tests.contract.table import STILL_TO_COME, Entry, contract, everything, missing_fields
from tests.contract.world import PEOPLE, Caller, World, snapshot

BUILT = sorted(set(everything()) - set(STILL_TO_COME))
READS = [name for name in BUILT if name.startswith("GET ")]
LISTS = [name for name in BUILT if everything()[name].is_list]
OWNED = [name for name in BUILT if everything()[name].who == "owner"]
TAKING = [name for name in BUILT if not name.startswith("GET ") and "<provider>" not in name]
CUSTOMERS_PATHS = ("/api/core/subscription", "/api/core/billing", "/api/core/features")
OF_A_CUSTOMER = [
    name
    for name in BUILT
    if everything()[name].path.startswith((*CUSTOMERS_PATHS, "/api/payment", "/api/core/discount"))
    and everything()[name].who in ("user", "owner")
    and "/providers/" not in name
]
"""What is done for the acting customer, the one that X-Customer names."""
SERVER_OWNED = (
    *("id", "price", "status", "state", "role", "owner", "is_staff", "is_superuser", "is_active"),
    *("customer_id", "customer", "user", "payment_status", "reward_amount", "reward_type"),
    *("created_at", "discount", "total", "credit", "paid", "trial_end", "end_date", "anything"),
)
WRITES = re.compile(r"^\s*(INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER)\b", re.IGNORECASE)
MAY_BE_WRITTEN = (
    "saaskit_limits_",  # counters of calls and tries
    "saaskit_accounts_loginsession",  # when a login was last used
)
"""The tables that reading may write to."""


def routes() -> dict[str, type[SaasKitView]]:
    """Every route below our namespace, its path written as the contract writes it."""
    found: dict[str, type[SaasKitView]] = {}

    def walk(patterns: list[Any], prefix: str, is_ours: bool) -> None:
        for each in patterns:
            path = prefix + re.sub(r"<(?:\w+:)?(\w+)>", _part, str(each.pattern))
            if isinstance(each, URLPattern):
                if is_ours:
                    found[f"/{path}"] = each.callback.view_class
            else:
                walk(each.url_patterns, path, is_ours or each.app_name == "saaskit")

    walk(get_resolver().url_patterns, "", False)
    return found


def _part(match: re.Match[str]) -> str:
    return "<provider>" if match[1] == "provider" else "<id>"


def claimed() -> set[str]:
    """Every method and path that the URL configuration answers, HEAD and OPTIONS left out."""
    methods = ("get", "post", "put", "patch", "delete")
    return {
        f"{method.upper()} {path}"
        for path, view in routes().items()
        for method in methods
        if hasattr(view, method)
    }


def call(world: World, entry: Entry, caller: Caller, made: Call, method: str = "") -> HttpResponse:
    path = entry.path
    for part in made.parts:
        path = re.sub(r"<\w+>", str(part), path, count=1)
    return world.send(
        method or entry.method,
        f"{path}?{made.query}" if made.query else path,
        made.data,
        caller=caller,
        headers=made.headers,
    )


def expected_refusal(entry: Entry, caller: Caller) -> int | None:
    """The status that this caller is refused with; None when he is served."""
    match entry.who:
        case "anyone":
            return None
        case "provider":
            return None if caller is Caller.PROVIDER else 400
        case "scheduler" if caller is Caller.SCHEDULER:
            return None
    if caller not in PEOPLE:
        return 401
    allowed = {
        "user": PEOPLE,
        "owner": (Caller.OWNER, Caller.ADMIN) if "admin" in entry.answers else (Caller.OWNER,),
        "moderator": (Caller.MODERATOR, Caller.ADMIN),
        "admin": (Caller.ADMIN,),
        "scheduler": (Caller.ADMIN,),
    }[entry.who]
    if caller in allowed:
        return None
    return 404 if entry.who == "owner" else 403


SERVED = [
    (name, caller)
    for name in BUILT
    for caller in Caller
    if expected_refusal(everything()[name], caller) is None
]


def assert_problem(response: HttpResponse) -> dict[str, Any]:
    """A refusal is a problem document with a stable code, whatever was refused."""
    assert response["Content-Type"] == "application/problem+json", response.content
    document: dict[str, Any] = response.json()
    assert document["status"] == response.status_code
    assert {"type", "title", "detail", "instance", "code"} <= document.keys()
    assert re.fullmatch(r"[a-z0-9_]+", document["code"])
    assert response["X-Request-ID"] == document["instance"]
    return document


def test_the_table_is_the_whole_contract() -> None:
    rows = {entry.path for entry in contract().values()}
    also_put = {
        "PUT /api/auth/users/change-password/",
        "PUT /api/core/notifications/<id>/mark-as-read/",
    }
    assert (len(rows), len(contract().keys() - also_put)) == (82, 91)


def test_each_row_is_either_built_or_named_as_still_to_come() -> None:
    assert len(set(STILL_TO_COME)) == len(STILL_TO_COME)
    assert set(STILL_TO_COME) <= contract().keys()
    assert not claimed().intersection(STILL_TO_COME), "claimed, but listed as still to come"
    assert set(BUILT) - claimed() == set(), "neither built nor listed as still to come"
    assert claimed() - everything().keys() == set(), "answered, but not in the table"
    assert set(CASES) == set(BUILT), "no case, or a case of nothing"


@pytest.mark.parametrize(("name", "caller"), SERVED)
def test_callers_who_are_served(world: World, name: str, caller: Caller) -> None:
    entry = everything()[name]
    response = call(world, entry, caller, CASES[name](world, caller))
    expected = entry.answers_to(caller)
    assert response.status_code in expected["status"], response.content
    if response.status_code != 204 and "html" not in entry.path:
        assert response["Content-Type"] == "application/json"
        assert missing_fields(response.json(), expected) == []


@pytest.mark.parametrize("name", [name for name in BUILT if everything()[name].who != "anyone"])
def test_callers_who_are_refused(world: World, name: str) -> None:
    entry = everything()[name]
    made = CASES[name](world, Caller.ANYONE)
    before = snapshot()
    for caller in Caller:
        refusal = expected_refusal(entry, caller)
        if refusal is not None:
            response = call(world, entry, caller, made)
            assert response.status_code == refusal, (caller, response.content)
            assert_problem(response)
    assert snapshot() == before


@pytest.mark.parametrize("name", READS)
def test_reading_writes_nothing(world: World, name: str) -> None:
    entry = everything()[name]
    caller = Caller.ADMIN if entry.who in ("admin", "moderator") else Caller.OWNER
    made = CASES[name](world, caller)
    world.headers(caller)
    before = snapshot()
    for method in ("GET", "HEAD", "OPTIONS"):
        with CaptureQueriesContext(connection) as queries:
            response = call(world, entry, caller, made, method)
        assert response.status_code in (200, 204)
        written = [query["sql"] for query in queries if WRITES.match(query["sql"])]
        assert [sql for sql in written if not any(name in sql for name in MAY_BE_WRITTEN)] == []
    assert snapshot() == before


def test_asking_the_provider_is_the_one_read_that_writes(world: World) -> None:
    """`refresh` settles what the provider says, in one commit; nothing else that is read writes."""
    payment = world.intent(Caller.OWNER)
    world.sandbox.confirm_payment(
        ConfirmRequest(
            idempotency_key="browser",
            transaction_id=payment.provider_ref,
            method_ref="pm_card_ok",
        )
    )
    path = f"/api/payment/status/?transaction_id={payment.transaction_id}"
    assert world.send("GET", path, caller=Caller.OWNER).json()["status"] == "Pending"
    before = snapshot()
    assert world.send("GET", f"{path}&refresh=true", caller=Caller.OTHER).status_code == 404
    assert snapshot() == before
    asked = world.send("GET", f"{path}&refresh=true", caller=Caller.OWNER)
    assert asked.json()["status"] == "Completed"
    shown = world.send("GET", "/api/core/subscription/", caller=Caller.OWNER).json()
    assert shown["subscription"]["status"] == "Active"


@pytest.mark.parametrize("name", [name for name in BUILT if name not in READS])
def test_options_of_what_writes_writes_nothing(world: World, name: str) -> None:
    entry = everything()[name]
    made = CASES[name](world, Caller.OWNER)
    before = snapshot()
    for caller in (Caller.ANYONE, Caller.OWNER, Caller.ADMIN):
        assert call(world, entry, caller, made, "OPTIONS").status_code < 500
    assert snapshot() == before


@pytest.mark.parametrize("path", sorted({everything()[name].path for name in BUILT}))
def test_other_methods_are_405(world: World, path: str) -> None:
    mine = {everything()[name].method for name in BUILT if everything()[name].path == path}
    entry = next(everything()[name] for name in BUILT if everything()[name].path == path)
    made = CASES[entry.name](world, Caller.ADMIN)
    caller = Caller.PROVIDER if entry.who == "provider" else Caller.ADMIN
    before = snapshot()
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"} - mine:
        response = call(world, entry, caller, made, method)
        assert response.status_code == 405, (method, response.content)
        assert assert_problem(response)["code"] == "method_not_allowed"
        assert sorted(mine - {"HEAD"}) == sorted(
            set(response["Allow"].split(", ")) - {"HEAD", "OPTIONS"}
        )
    assert snapshot() == before


@pytest.mark.parametrize("name", TAKING)
def test_fields_that_are_unknown_or_the_servers_are_refused(world: World, name: str) -> None:
    entry = everything()[name]
    caller = Caller.ADMIN if entry.who in ("admin", "scheduler", "moderator") else Caller.OWNER
    made = CASES[name](world, caller)
    before = snapshot()
    forbidden = set(SERVER_OWNED) - entry.takes.keys()
    for fields in (forbidden, {"role"} - entry.takes.keys()):
        body = {**(made.body or {}), **dict.fromkeys(fields, "1")}
        response = call(world, entry, caller, Call(parts=made.parts, body=body))
        assert response.status_code == 400, response.content
        errors = {each["pointer"]: each["code"] for each in assert_problem(response)["errors"]}
        assert errors == {f"/{field}": "unknown_field" for field in fields}
    assert snapshot() == before


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_pages(world: World, name: str) -> None:
    entry = everything()[name]
    caller = Caller.ADMIN if entry.who in ("admin", "moderator") else Caller.OWNER
    made = CASES[name](world, caller)
    page = call(world, entry, caller, Call(query="limit=1")).json()
    assert {"count", "next", "previous", "results"} <= page.keys()
    assert len(page["results"]) == min(1, page["count"])
    assert (page["next"] is None) == (page["count"] <= 1)
    assert call(world, entry, caller, Call(query="limit=100&offset=1000")).status_code == 200
    for query in ("limit=101", "limit=0", "limit=x", "offset=-1", "offset=1e3", "nonsense=1"):
        response = call(world, entry, caller, Call(parts=made.parts, query=query))
        assert response.status_code == 400, (query, response.content)
        assert_problem(response)


@pytest.mark.parametrize("name", [name for name in BUILT if everything()[name].query])
def test_filters_are_checked(world: World, name: str) -> None:
    entry = everything()[name]
    caller = Caller.ADMIN if entry.who in ("admin", "moderator") else Caller.OWNER
    CASES[name](world, caller)
    for field in entry.query - {"transaction_id", "search"}:
        query = f"{field}=no%20such%20thing" + ("&transaction_id=x" if field == "refresh" else "")
        response = call(world, entry, caller, Call(query=query))
        assert response.status_code == 400, (field, response.content)
        assert assert_problem(response)["errors"][0]["pointer"] == f"/{field}"


@pytest.mark.parametrize("name", OF_A_CUSTOMER)
def test_acting_for_a_customer_that_is_not_ones_own_is_404(world: World, name: str) -> None:
    entry = everything()[name]
    theirs = world.customer(Caller.OTHER).pk
    made = CASES[name](world, Caller.OWNER)
    before = snapshot()
    for customer_id in (theirs, 999_999, 0, "-1", "abc", "9" * 40):
        headers = {"x-customer": str(customer_id)}
        asked = Call(parts=made.parts, query=made.query, body=made.body, headers=headers)
        response = call(world, entry, Caller.OWNER, asked)
        assert response.status_code == 404, (customer_id, response.content)
        assert_problem(response)
    assert snapshot() == before


@pytest.mark.parametrize("name", OWNED)
def test_what_is_not_there_is_404(world: World, name: str) -> None:
    entry = everything()[name]
    made = CASES[name](world, Caller.OWNER)
    before = snapshot()
    if made.parts:
        wrong: list[object] = ["0" * 8 + "-0000-4000-8000-" + "0" * 12, 999_999, 0, 2**63, "x"]
        asked = [Call(parts=(part,), body=made.body) for part in wrong]
    elif made.query:
        asked = [Call(query="transaction_id=pay_nothing")]
    else:
        asked = [Call(body={**made.body, "transaction_id": "pay_nothing"})]
    for each in asked:
        response = call(world, entry, Caller.OWNER, each)
        assert response.status_code == 404, response.content
    assert snapshot() == before
