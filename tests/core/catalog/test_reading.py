import contextlib
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.catalog import CatalogError, YamlNotInstalled, load_catalog, parse_catalog
from saaskit_core.features import FeatureType
from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency

DEMO = Path(__file__).parents[3] / "examples" / "catalogs" / "demo.yaml"
PLAN = """\
plans:
  - key: pro
    name: Pro
"""


def mistakes(text, file="c.yaml"):
    with pytest.raises(CatalogError) as caught:
        parse_catalog(text, file=file)
    return [str(problem) for problem in caught.value.problems]


def test_the_example_is_a_good_catalogue():
    catalog = load_catalog(DEMO)
    assert [plan.key for plan in catalog.plans] == ["free", "pro", "business"]
    assert {coupon.code for coupon in catalog.coupons} == {"WELCOME", "LAUNCH", "TENOFF"}
    pro = catalog.plan("pro")
    price = pro.price(currency="EUR", frequency=BillingFrequency.YEARLY)
    assert price.amount == Money(27000, "EUR")
    assert {p.amount.currency for plan in catalog.plans for p in plan.prices} == {"USD", "EUR"}
    assert [feature.type for feature in catalog.features] == [FeatureType.LIMIT, FeatureType.ENUM]
    assert catalog.plan("business").features["projects"] == {"max": "unlimited"}


def test_the_same_catalogue_may_be_json():
    text = json.dumps(
        {
            "plans": [{"key": "pro", "name": "Pro", "prices": {"Monthly": {"JPY": "500"}}}],
            "coupons": [{"code": "x", "percent": "12.5", "plans": ["pro"]}],
        },
        indent=1,
    )
    catalog = parse_catalog(text, file="c.json")
    assert catalog.plan("pro").prices[0].amount == Money(500, "JPY")
    assert catalog.coupons[0].plans == {"pro"}


def test_an_empty_file_is_an_empty_catalogue():
    assert parse_catalog("", file="c.yaml").plans == ()
    assert parse_catalog("{}", file="c.json").coupons == ()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "    prices:\n      Monthly: {USD: 9.99}\n",
            "line 5, plans[0].prices.Monthly.USD: 9.99 is a float, which is not exact: quote it,"
            ' as in "9.99"',
        ),
        (
            "    prices:\n      Monthly: {USD: true}\n",
            'line 5, plans[0].prices.Monthly.USD: an amount is a decimal string, such as "19.99"',
        ),
        (
            '    prices:\n      Monthy: {USD: "9"}\n',
            "line 5, plans[0].prices.Monthy: 'Monthy' is not possible (did you mean 'Monthly'?"
            " allowed: Monthly, Yearly, Weekly, Quarterly, Semi-Annually, One-Time)",
        ),
        (
            '    prices:\n      Monthly: {USX: "9"}\n',
            "line 5, plans[0].prices.Monthly.USX: USX is not an ISO 4217 currency code.",
        ),
        (
            '    prices:\n      Monthly: {USD: "-9"}\n',
            "line 5, plans[0].prices.Monthly.USD: The price of pro can't be -9.00 USD:"
            " a price is zero or more.",
        ),
        (
            '    prices:\n      Monthly: {JPY: "9.5"}\n',
            "line 5, plans[0].prices.Monthly.JPY: 9.5 is not an amount of money:"
            " JPY has 0 decimals.",
        ),
        (
            "    tria_days: 3\n",
            "line 4, plans[0].tria_days: there is no key 'tria_days' here (did you mean"
            " 'trial_days'? allowed: active, description, features, group, key, name, prices,"
            " public, trial_days)",
        ),
        (
            "    trial_days: soon\n",
            "line 4, plans[0].trial_days: a whole number is expected here",
        ),
        (
            "    trial_days: -3\n",
            "line 2, plans[0]: The plan pro is not possible: trial days are 0 to 3650.",
        ),
        (
            "    features:\n      api_access:\n        calls_per_hr: 3\n",
            "line 6, plans[0].features.api_access.calls_per_hr: There is no feature"
            " api_access.calls_per_hr; did you mean api_access.calls_per_hour?",
        ),
        (
            "    features: {api_access: {enabled: maybe}}\n",
            "line 4, plans[0].features.api_access.enabled: The feature api_access.enabled"
            " can't be 'maybe': it is true or false.",
        ),
        (
            "    key: other\n",
            "line 4, plans[0].key: written twice",
        ),
        (
            "  - key: pro\n    name: Again\n",
            "line 4, plans[1]: 'pro' is already there (each one once)",
        ),
        ("    description: [\n", "line 5: not YAML: expected the node content, but found"),
        ("    description: !!python/name:os.system x\n", "can't be read (quote it)"),
        ("    ? [a]\n    : x\n", "line 4, plans[0]: a key must be a plain text"),
        (
            "    description: 0x1F\n",
            "plans[0].description: '0x1F' can't be read (quote it)",
        ),
        (
            "    description: .nan\n",
            "plans[0].description: '.nan' can't be read (quote it)",
        ),
    ],
)
def test_a_mistake_in_a_plan_names_its_line_and_what_is_allowed(body, expected):
    assert expected in mistakes(PLAN + body)[0]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('    percent: "120"\n', "line 2, coupons[0]: The coupon C can't take off 120 %"),
        ("    percent: 20.5\n", "line 3, coupons[0].percent: 20.5 is a float"),
        ('    percent: "a lot"\n', 'a percent is a decimal string, such as "12.5"'),
        ('    percent: "5"\n    plans: [prro]\n', "line 4, coupons[0].plans[0]: no plan 'prro'"),
        ('    amounts: {USD: "-1"}\n', "The coupon C can't have the amount -1.00 USD"),
        ('    amounts: {US: "1"}\n', "line 3, coupons[0].amounts.US: US is not an ISO 4217"),
        ("    duration: twice\n", "allowed: once, repeating, forever"),
        ('    percent: "5"\n    valid_until: soon\n', "'soon' is not a date or an instant"),
        ('    percent: "5"\n    valid_until: 9999-12-31\n', "is not a date or an instant"),
        (
            '    percent: "5"\n    valid_until: 2026-01-01\n    time_zone: Mars\n',
            "line 5, coupons[0].time_zone: Mars is not a time zone of the IANA database.",
        ),
        ("    value: 3\n", "there is no key 'value' here (allowed: active, amounts, code"),
        ("  - code: ' C'\n    percent: '5'\n", "line 3, coupons[1]: 'C' is already there"),
    ],
)
def test_a_mistake_in_a_coupon_names_its_line(body, expected):
    assert expected in "\n".join(mistakes("coupons:\n  - code: c\n" + body))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("features: {api_access.enabled: {type: bool, default: true}}", "it is built in"),
        ("features: {seats: {type: bol}}", "allowed: bool, limit, int, float, str, enum, object"),
        ("features: {seats: {type: int, default: x}}", "The feature seats can't be 'x'"),
        ("features: {seats: {default: 1}}", "line 1, features.seats.type: 'type' is missing"),
        ("features: {Seats: {type: int, default: 1}}", "a path is dotted words"),
        (
            "features: {a: {type: int, default: 1}, a.b: {type: int, default: 1}}",
            "it lies below another feature",
        ),
        ("features: {seats: {type: int, defualt: 1}}", "did you mean 'default'?"),
        ("plan: []", "line 1, plan: there is no key 'plan' here (did you mean 'plans'?"),
        ("- a", "line 1: keys with values are expected here"),
        ("[" * 30 + "]" * 30, "too large or too deep"),
        ("[" * 9999 + "]" * 9999, "too large or too deep"),
        ("a: &x [1]\nb: *y", "not YAML: found undefined alias"),
        ("\x00", "line 1: not YAML"),
        ("x" * (2**21 + 1), "larger than 2 MiB"),
    ],
)
def test_a_mistake_elsewhere_is_named_too(text, expected):
    assert expected in mistakes(text)[0]


def test_an_alias_bomb_is_refused():
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{name}: &{name} [{','.join(['*' + before] * 10)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert "too large or too deep" in mistakes(bomb)[0]


def test_all_mistakes_are_reported_at_once_in_order_of_their_lines():
    text = PLAN + '    prices: {Monthly: {USD: "-1", EUR: "x"}}\ncoupons:\n  - code: ""\n'
    found = mistakes(text)
    assert [problem.split(",")[0] for problem in found] == ["line 4", "line 4", "line 6"]


def test_the_error_names_the_file():
    with pytest.raises(CatalogError, match=r"my/c\.yaml can't be used:\nmy/c\.yaml, "):
        parse_catalog("plan: []", file="my/c.yaml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"plans": [\n {"key": "a"}]}', "line 2, plans[0].name: 'name' is missing"),
        ('{"plans": [],\n "plans": []}', "line 2, plans: written twice"),
        ('{"plans": [\n{"key": "a", "name": "A", "prices": {"Monthly": {"USD": 1.5}}}]}', "line 2"),
        ('{"plans": [1,\n]}', "line 2: not JSON: a comma too many"),
        ('{"a" 1}', "line 1: not JSON: ':' is expected"),
        ("{a: 1}", "line 1: not JSON: a key in double quotes is expected"),
        ('{"a": 1 "b": 2}', "not JSON: ',' is expected"),
        ('{"a": tru}', "line 1: not JSON: Expecting value"),
        ('{"plans": []}\n\n!', "line 3: there is more after the end"),
        ("", "line 1: not JSON: Expecting value"),
        ("[" * 30, "nested too deeply"),
    ],
)
def test_json_mistakes_have_lines_too(text, expected):
    assert expected in mistakes(text, file="c.json")[0]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(json_values, st.sampled_from(["c.json", "c.yaml"]))
def test_nonsense_is_refused_and_never_crashes(value, file):
    for document in (value, {"plans": value, "coupons": value, "features": value}):
        with contextlib.suppress(CatalogError):
            parse_catalog(json.dumps(document), file=file)


@pytest.mark.parametrize(
    ("text", "ends_at"),
    [
        ("valid_until: 2026-07-06", datetime(2026, 7, 7, tzinfo=UTC)),
        (
            "valid_until: 2026-07-06\n    time_zone: Europe/Paris",
            datetime(2026, 7, 6, 22, tzinfo=UTC),
        ),
        ("valid_until: 2026-07-06T10:00:00+02:00", datetime(2026, 7, 6, 8, tzinfo=UTC)),
        (
            "valid_until: 2026-07-06 10:00\n    time_zone: Asia/Tokyo",
            datetime(2026, 7, 6, 1, tzinfo=UTC),
        ),
    ],
)
def test_a_day_lasts_to_its_end_in_its_zone(text, ends_at):
    catalog = parse_catalog(f'coupons:\n  - code: c\n    percent: "5"\n    {text}\n', file="c.yaml")
    assert catalog.coupons[0].ends_at == ends_at


def test_a_start_is_the_beginning_of_its_day():
    text = "coupons:\n  - code: c\n    amounts: {USD: 3}\n    valid_from: 2026-07-06\n"
    coupon = parse_catalog(text, file="c.yaml").coupons[0]
    assert coupon.starts_at == datetime(2026, 7, 6, tzinfo=UTC)
    assert coupon.amounts == {"USD": 300}


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "c.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CatalogError, match="it is not UTF-8"):
        load_catalog(tmp_path / "c.yaml")


def test_without_pyyaml_json_works_and_yaml_says_what_to_install():
    program = """
import sys
sys.modules["yaml"] = None
from saaskit_core.catalog import YamlNotInstalled, parse_catalog
assert parse_catalog("{}", file="c.json").plans == ()
try:
    parse_catalog("", file="c.yaml")
except YamlNotInstalled as problem:
    print(problem)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "pip install 'saaskit[yaml]'" in done.stdout
    assert YamlNotInstalled.code == "yaml_not_installed"


def test_the_plan_that_is_asked_for_has_to_exist():
    with pytest.raises(KeyError):
        parse_catalog("", file="c.yaml").plan("pro")
