"""What a request may contain; anything else is a 400 that names the place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_django.rest.bodies import MalformedBody, parse_json


def codes(response):
    assert response.status_code == 400, response.content
    return {each["pointer"]: each["code"] for each in response.json().get("errors", [])}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"nope",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": 9223372036854775808}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 1, "a": 2}',
        b'{"text": "a\\u0000b"}',
        b'{"a\\u0000": 1}',
        b'{"text": "\\ud800"}',
        b"\xff\xfe",
        b"[" * 40 + b"]" * 40,
        b"[" * 100_000 + b"]" * 100_000,
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
def test_what_is_not_strict_json_is_refused(body):
    with pytest.raises(MalformedBody):
        parse_json(body)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63) + 1, 2**63 - 1)
        | st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00")),
        lambda below: (
            st.lists(below, max_size=3)
            | st.dictionaries(
                st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00")),
                below,
                max_size=3,
            )
        ),
        max_leaves=10,
    )
)
def test_any_other_json_is_read_as_it_is(value):
    assert parse_json(json.dumps(value).encode()) == value


def test_broken_json_is_400(anyone):
    response = anyone.post("/echo/", b"{")
    assert (response.status_code, response.json()["code"]) == (400, "malformed_body")


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_another_content_type_is_415(anyone, kind):
    response = anyone.post("/echo/", b"a=1", content_type=kind)
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_content_type")


def test_a_charset_is_fine(anyone):
    kind = "application/json; charset=utf-8"
    assert anyone.post("/echo/", {"text": "é"}, content_type=kind).status_code == 200


def test_too_large_a_body_is_413_before_it_is_read(anyone, settings):
    settings.SAASKIT = {**settings.SAASKIT, "MAX_BODY_BYTES": 100}
    assert anyone.post("/echo/", {"text": "a" * 50}).status_code == 200
    response = anyone.post("/echo/", {"text": "a" * 200})
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("body", [[], "text", 1, None, [{}]])
def test_a_body_that_is_no_object_is_400(anyone, body):
    response = anyone.send("POST", "/echo/", json.dumps(body).encode())
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == ""


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("price", 1, "unknown_field"),
        ("owner", "me", "unknown_field"),
        ("text", 5, "invalid"),
        ("text", True, "invalid"),
        ("text", {"a": 1}, "invalid"),
        ("text", None, "null"),
        ("text", "", "blank"),
        ("text", "a" * 10_001, "max_length"),
        ("number", "x", "invalid"),
        ("number", 1.5, "invalid"),
        ("number", "9" * 30, "max_value"),
        ("number", [], "invalid"),
        ("flag", "maybe", "invalid"),
        ("flag", {}, "invalid"),
        ("at", "2026-01-31", "invalid_instant"),
        ("at", "2026-02-31T10:00:00Z", "invalid_instant"),
        ("at", "2026-01-31T10:00:00", "naive_datetime"),
        ("at", "9999-12-31T23:59:59-12:00", "out_of_range"),
        ("at", "0001-01-01T00:00:00+14:00", "out_of_range"),
        ("at", 1767225600, "invalid_instant"),
        ("day", "31.01.2026", "invalid_date"),
        ("day", "2026-02-30", "invalid_date"),
        ("day", "9999-12-31", "out_of_range"),
        ("amount", 19.99, "invalid_amount"),
        ("amount", "NaN", "invalid_amount"),
        ("amount", "1e400", "invalid_amount"),
        ("amount", "-1", "negative_amount"),
        ("amount", True, "invalid_amount"),
        ("currency", "usd", "unknown_currency"),
        ("currency", "XXXX", "unknown_currency"),
        ("row", 0, "min_value"),
        ("row", 2**62 * 2 - 1, None),
        ("row", "9" * 25, "max_value"),
        ("user_id", {"a": 1}, "invalid"),
        ("user_id", "x" * 500, "invalid"),
        ("names", ["abcdefg"], "max_length"),
        ("names", {"a": 1}, "not_a_list"),
    ],
)
def test_each_wrong_value_is_named(anyone, field, value, code):
    response = anyone.post("/echo/", {field: value})
    if code is None:
        assert response.status_code == 200
        return
    assert list(codes(response).values()) == [code]
    assert next(iter(codes(response))).startswith(f"/{field}")


def test_a_place_in_a_list_is_pointed_at(anyone):
    assert codes(anyone.post("/echo/", {"names": ["ok", "much too long"]})) == {
        "/names/1": "max_length"
    }


def test_all_wrong_values_are_named_at_once(anyone):
    answer = codes(anyone.post("/echo/", {"number": "x", "at": "y", "day": "z"}))
    assert set(answer) == {"/number", "/at", "/day"}


def test_good_values_arrive_typed(anyone):
    answer = anyone.post(
        "/echo/",
        {"at": "2026-01-31T10:00:00+02:00", "amount": "19.99", "flag": 1, "number": 7},
    ).json()
    assert answer["at"] == "datetime.datetime(2026, 1, 31, 8, 0, tzinfo=datetime.timezone.utc)"
    assert answer["amount"].startswith("Decimal('19.99")
    assert (answer["flag"], answer["number"]) == ("True", "7")


class TestPages:
    def test_a_page_has_20_rows(self, anyone):
        page = anyone.get("/echo/").json()
        assert (page["count"], len(page["results"]), page["previous"]) == (45, 20, None)
        assert page["next"].endswith("/echo/?limit=20&offset=20")
        assert page["total"] == "1.00"

    def test_links_lead_through_all_rows(self, anyone):
        url, seen = "/echo/?limit=15", []
        while url:
            page = anyone.get(url).json()
            seen += page["results"]
            url = page["next"]
        assert seen == [str(number) for number in range(45)]
        assert page["previous"].endswith("offset=15")

    @pytest.mark.parametrize(
        "query",
        [
            "limit=0",
            "limit=101",
            "limit=x",
            "limit=",
            "offset=-1",
            "offset=" + "9" * 30,
            "limit=%00",
            "colour=red",
            "at=yesterday",
            "flag=maybe",
        ],
    )
    def test_a_malformed_query_is_400(self, anyone, query):
        response = anyone.get(f"/echo/?{query}")
        assert response.status_code == 400
        assert response.json()["errors"][0]["pointer"] == f"/{query.partition('=')[0]}"
