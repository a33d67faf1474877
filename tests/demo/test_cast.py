"""Who plays what, whatever the catalogue has."""

from __future__ import annotations

import pytest

from examples.demo.cast import Cast, choose
from saaskit_core.catalog import parse_catalog


def cast(text: str) -> Cast:
    return choose(parse_catalog(text, file="c.yaml"))


def plan(key: str, prices: str, **more: object) -> str:
    rest = "".join(f"\n    {name}: {value}" for name, value in more.items())
    return f"  - key: {key}\n    name: {key.title()}\n    prices: {prices}{rest}\n"


def test_the_cheapest_plan_with_a_trial_plays_the_first_part() -> None:
    found = cast(
        "plans:\n"
        + plan("cheap", '{Monthly: {USD: "5.00"}}')
        + plan("dear", '{Monthly: {USD: "90.00"}}', trial_days=7)
        + plan("mid", '{Monthly: {USD: "20.00"}}', trial_days=7)
    )
    assert found.main is not None
    assert found.dearer is not None
    assert (found.main.plan.key, found.dearer.plan.key) == ("mid", "dear")


@pytest.mark.parametrize(
    ("prices", "frequency"),
    [
        ('{Yearly: {USD: "50.00"}, Monthly: {USD: "5.00"}}', "Monthly"),
        ('{Yearly: {USD: "50.00"}, Weekly: {USD: "2.00"}}', "Weekly"),
        ('{One-Time: {USD: "99.00"}, Yearly: {USD: "50.00"}}', "Yearly"),
    ],
)
def test_a_month_is_preferred(prices: str, frequency: str) -> None:
    found = cast("plans:\n" + plan("pro", prices)).main
    assert found is not None
    assert found.price.frequency == frequency


@pytest.mark.parametrize(
    "text",
    [
        plan("gratis", '{Monthly: {USD: "0"}}'),
        plan("life", '{One-Time: {USD: "99.00"}}'),
        plan("hidden", '{Monthly: {USD: "9.00"}}', public="false"),
        plan("addon", '{Monthly: {USD: "9.00"}}', group="addons"),
    ],
)
def test_without_a_paid_plan_that_recurs_nobody_plays(text: str) -> None:
    found = cast("plans:\n" + text)
    assert (found.main, found.dearer, found.coupon, found.second) == (None, None, None, None)


def test_coupons_that_take_all_or_nothing_are_passed_over() -> None:
    found = cast(
        "plans:\n" + plan("pro", '{Monthly: {USD: "9.00"}}') + "coupons:\n"
        '  - {code: ALL, percent: "100"}\n'
        '  - {code: OVER, percent: "10", valid_until: "2020-01-01"}\n'
        '  - {code: MIN, percent: "10", minimums: {USD: "50.00"}}\n'
        '  - {code: EURO, amounts: {EUR: "5.00"}}\n'
        '  - {code: GOOD, amounts: {USD: "2.00"}}\n'
    )
    assert found.coupon is not None
    assert found.coupon.code == "GOOD"


def test_the_second_customer_pays_at_once_and_in_another_currency() -> None:
    both = '{Monthly: {USD: "9.00", EUR: "8.00"}}'
    found = cast("plans:\n" + plan("pro", both)).second
    assert found is not None
    assert str(found) == "Pro, 8.00 EUR Monthly"
    assert cast("plans:\n" + plan("pro", both, trial_days=7)).second is None


def test_a_limit_that_takes_too_long_to_reach_is_not_shown() -> None:
    def limited(calls: int) -> Cast:
        features = f"{{api_access: {{enabled: true, calls_per_hour: {calls}}}}}"
        return cast("plans:\n" + plan("gratis", '{Monthly: {USD: "0"}}', features=features))

    assert limited(300).limited is not None
    assert limited(301).limited is None
