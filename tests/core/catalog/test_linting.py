import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.catalog.linting import has_errors, lint

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DEMO = Path(__file__).parents[3] / "examples" / "catalogs" / "demo.yaml"


def found(text, file="c.yaml"):
    return [(each.severity.value, each.code, each.line) for each in lint(text, file=file, now=NOW)]


def plan(key="pro", prices='Monthly: {USD: "10"}, Yearly: {USD: "100"}', more=""):
    return f"  - key: {key}\n    name: X\n    prices: {{{prices}}}\n{more}"


def catalog(*plans, coupons="", features=""):
    text = "plans:\n" + "".join(plans)
    return text + (f"coupons:\n{coupons}" if coupons else "") + features


def test_a_good_catalogue_has_no_findings():
    assert lint(DEMO.read_text(encoding="utf-8"), file="demo.yaml", now=NOW) == ()
    assert found(catalog(plan())) == []
    assert found("") == []


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("plans: [", "unreadable", 1),
        ("plan: []", "unknown_key", 1),
        ("plans:\n  - name: X\n", "missing_key", 2),
        ("plans:\n  - 3\n", "wrong_shape", 2),
        (catalog(plan(prices='Monthy: {USD: "1"}')), "unknown_value", 4),
        (catalog(plan(prices="Monthly: {USD: 9.99}")), "wrong_value", 4),
        (catalog(plan(prices='Monthly: {USX: "1"}')), "unknown_currency", 4),
        (catalog(plan(prices='Monthly: {USD: "-1"}')), "negative_price", 4),
        (catalog(plan(), plan()), "duplicate_plan", 5),
        (catalog(plan(), coupons="  - {code: a, percent: 5}\n  - {code: A, percent: 5}\n"),
         "duplicate_coupon", 7),
        (catalog(plan(), coupons="  - {code: A, percent: 5, plans: [x]}\n"), "unknown_plan", 6),
        (catalog(plan(), coupons="  - {code: A, percent: 5, valid_until: x}\n"), "not_a_date", 6),
        (catalog(plan(), coupons="  - {code: A, percent: 500}\n"), "percent_out_of_range", 6),
        (catalog(plan(more="    features: {nope: 1}\n")), "unknown_feature", 5),
        ("features: {api_access.enabled: {type: bool}}", "built_in_feature", 1),
        (catalog(plan(more="    trial_days: -1\n")), "invalid_plan", 2),
    ],
)  # fmt: skip
def test_what_cannot_be_imported_is_an_error(text, code, line):
    assert ("error", code, line) in found(text)
    assert has_errors(lint(text, file="c.yaml", now=NOW))


USD_AND_EUR = 'Monthly: {USD: "10", EUR: "9"}, Yearly: {USD: "100", EUR: "90"}'
GIVES = "    features: {projects: {max: %s}}\n"
DEFINED = "features:\n  projects.max: {type: limit, default: 0}\n"


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (catalog(plan(prices="")), "nothing_for_sale", 2),
        (catalog(plan(prices='Monthly: {USD: "10"}')), "yearly_price_missing", 4),
        (catalog(plan(prices='Monthly: {USD: "10"}, Yearly: {USD: "121"}')),
         "dearer_for_longer", 4),
        (catalog(plan(prices='Monthly: {USD: "10"}, Yearly: {USD: "100"}, Quarterly: {USD: "31"}')),
         "dearer_for_longer", 4),
        (catalog(plan(), plan("two", USD_AND_EUR)), "currency_missing", 4),
        (catalog(plan(prices='Monthly: {USD: "10"}, Yearly: {USD: "0"}')), "free_among_paid", 4),
        (catalog(plan(prices='Monthly: {USD: "0"}', more="    trial_days: 3\n")),
         "trial_of_free_plan", 5),
        (catalog(plan(), features=DEFINED), "never_granted", 6),
        (catalog(plan(more=GIVES % 5), plan("two", 'Monthly: {USD: "20"}, Yearly: {USD: "200"}',
         GIVES % 4), features=DEFINED), "less_for_more", 9),
        (catalog(plan(more=GIVES % "unlimited"), plan("two", 'Monthly: {USD: "20"}'),
         features=DEFINED), "less_for_more", 6),
        (catalog(plan(more=GIVES % 5), plan("two", 'Monthly: {USD: "20"}', GIVES % 5),
         features=DEFINED), "pointless_plan", 6),
        (catalog(plan(), coupons="  - {code: A, percent: 5, valid_until: 2026-05-01}\n"),
         "coupon_over", 6),
        (catalog(plan(), coupons='  - {code: A, amounts: {EUR: "1"}}\n'),
         "coupon_never_applies", 6),
        (catalog(plan(), coupons='  - {code: A, percent: 5, minimums: {USD: "101"}}\n'),
         "coupon_never_applies", 6),
        (catalog(plan(prices='Monthly: {USD: "0"}'), coupons="  - {code: A, percent: 5}\n"),
         "coupon_never_applies", 6),
        (catalog(plan(), plan("old", more="    active: false\n"),
         coupons="  - {code: A, percent: 5, plans: [old]}\n"), "coupon_never_applies", 10),
        (catalog(plan(), coupons='  - {code: A, amounts: {USD: "1", EUR: "1"}}\n'),
         "coupon_currency_unused", 6),
        (catalog(plan(prices=USD_AND_EUR),
         coupons='  - {code: A, percent: 5, minimums: {EUR: "91"}}\n'), "minimum_out_of_reach", 6),
    ],
)  # fmt: skip
def test_what_is_suspicious_is_a_warning(text, code, line):
    assert ("warning", code, line) in found(text)
    assert not has_errors(lint(text, file="c.yaml", now=NOW))


@pytest.mark.parametrize(
    "text",
    [
        catalog(plan(more="    active: false\n", prices="")),
        catalog(plan(more="    public: false\n", prices="")),
        catalog(plan(prices='Monthly: {USD: "0"}')),
        catalog(plan(), plan("addon", USD_AND_EUR, "    group: addons\n")),
        catalog(plan(), coupons='  - {code: A, amounts: {EUR: "1"}, active: false}\n'),
        catalog(plan(), coupons='  - {code: A, amounts: {EUR: "1"}, trial_days: 7}\n'),
        catalog(plan(more=GIVES % 5), plan("two", 'Monthly: {USD: "20"}, Yearly: {USD: "200"}',
                GIVES % "unlimited"), features=DEFINED),
    ],
)  # fmt: skip
def test_what_may_well_be_meant_is_not_a_finding(text):
    assert found(text) == []


def test_errors_do_not_hide_what_else_is_suspicious():
    text = catalog(plan(prices='Monthly: {USD: "10"}'), plan())
    assert [code for _, code, _ in found(text)] == ["yearly_price_missing", "duplicate_plan"]


def test_a_finding_reads_like_a_compilers():
    (finding,) = lint(catalog(plan(prices="")), file="c.yaml", now=NOW)
    assert str(finding) == (
        "2: warning [nothing_for_sale] plans[0]: pro is public but has no price, so nobody can"
        " choose it (give it a price, or make it not public)"
    )


KEYS = st.sampled_from(
    ["plans", "coupons", "features", "key", "name", "prices", "Monthly", "USD", "code", "percent",
     "amounts", "type", "default", "valid_until", "api_access", "projects.max", "trial_days"]
) | st.text(max_size=8)  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["9.99", "USD", "bool", "limit", "pro", "2026-01-01", "once", "Yearly"])
)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)


@given(ANY, st.sampled_from(["c.json", "c.yaml"]))
def test_any_data_is_answered(data, file):
    for finding in lint(json.dumps(data), file=file, now=NOW):
        assert finding.line >= 1
        assert finding.code
        assert str(finding)


@given(st.text(max_size=200), st.sampled_from(["c.json", "c.yaml"]))
def test_any_text_is_answered(text, file):
    lint(text, file=file, now=NOW)


PRICES = st.dictionaries(
    st.sampled_from(["Monthly", "Yearly", "Weekly", "One-Time"]),
    st.dictionaries(st.sampled_from(["USD", "EUR", "JPY"]), st.integers(0, 500), max_size=3),
)
PLANS = st.lists(
    st.fixed_dictionaries(
        {"key": st.sampled_from("abc"), "name": st.just("X"), "prices": PRICES},
        optional={
            "active": st.booleans(),
            "public": st.booleans(),
            "trial_days": st.integers(-1, 9),
            "features": st.dictionaries(
                st.sampled_from(["seats.max", "api_access.calls_per_hour", "x"]),
                st.integers(-1, 9) | st.just("unlimited"),
            ),
        },
    ),
    max_size=4,
)
COUPONS = st.lists(
    st.fixed_dictionaries(
        {"code": st.sampled_from("AB")},
        optional={
            "percent": st.integers(0, 110),
            "amounts": st.dictionaries(st.sampled_from(["USD", "JPY"]), st.integers(0, 99)),
            "minimums": st.dictionaries(st.sampled_from(["USD", "JPY"]), st.integers(1, 999)),
            "plans": st.lists(st.sampled_from("abcd"), max_size=2),
            "valid_until": st.sampled_from(["2025-01-01", "2027-01-01"]),
        },
    ),
    max_size=3,
)


@given(PLANS, COUPONS)
def test_any_catalogue_is_answered_with_lines_that_it_has(plans, coupons):
    seats = {"seats.max": {"type": "limit", "default": 0}}
    text = json.dumps({"plans": plans, "coupons": coupons, "features": seats}, indent=1)
    for finding in lint(text, file="c.json", now=NOW):
        assert 1 <= finding.line <= text.count("\n") + 1


@pytest.mark.parametrize("text", ["[" + "9" * 5000 + "]", "[" * 5000, "1" * 5000])
def test_numbers_and_nesting_without_end_are_errors(text):
    for file in ("c.json", "c.yaml"):
        assert found(text, file)[0][0] == "error"
