import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.catalog import parse_catalog
from saaskit_core.catalog.differences import DifferenceKind, Part, diff
from saaskit_core.catalog.impact import Held, impact_of
from saaskit_core.subscriptions.policies import PriceChange

OLD = """\
features:
  projects.max: {type: limit, default: 1}
plans:
  - key: basic
    name: Basic
    prices: {Monthly: {USD: "10.00"}}
  - key: pro
    name: Pro
    trial_days: 14
    prices: {Monthly: {USD: "30.00", EUR: "27.00"}, Yearly: {USD: "300.00"}}
    features: {projects: {max: 20}, export_formats: {csv: true}}
coupons:
  - {code: TEN, percent: "10"}
"""


def read(text=OLD, **changes):
    for before, after in changes.values():
        assert before in text
        text = text.replace(before, after)
    return parse_catalog(text, file="c.yaml")


def told(old, new, **options):
    return [str(each) for each in diff(old, new, **options)]


CHANGES = {
    "price": (
        ('"30.00"', '"25.00"'),
        ["changed price pro/Monthly/USD: 30.00 USD → 25.00 USD"
         " (a new version; who has the old one follows with his next period)"],
    ),
    "price_gone": (
        (', EUR: "27.00"', ""),
        ["removed price pro/Monthly/EUR: 27.00 EUR (no longer sold; who has it keeps it)"],
    ),
    "price_new": (
        ('{USD: "300.00"}', '{USD: "300.00", EUR: "270.00"}'),
        ["added price pro/Yearly/EUR: 270.00 EUR"],
    ),
    "field": (("trial_days: 14", "trial_days: 7"), ["changed plan pro, trial_days: 14 → 7"]),
    "grant": (
        ("max: 20", "max: unlimited"),
        ["changed grant pro: projects.max: 20 → unlimited"
         " (for everybody on the plan, at once)"],
    ),
    "grant_gone": (
        (", export_formats: {csv: true}", ""),
        ["removed grant pro: export_formats.csv: true (for everybody on the plan, at once)"],
    ),
    "grant_new": (
        ("csv: true", "csv: true, pdf: true"),
        ["added grant pro: export_formats.pdf: true (for everybody on the plan, at once)"],
    ),
    "plan_gone_and_new": (
        ("key: basic", "key: starter"),
        ["removed plan basic (no longer sold; who has it keeps it)", "added plan starter",
         "added price starter/Monthly/USD: 10.00 USD"],
    ),
    "feature": (
        ("limit, default: 1", "limit, default: 2"),
        ["changed feature projects.max, default: 1 → 2"],
    ),
    "coupon": (('percent: "10"', 'percent: "15"'), ["changed coupon TEN, percent: 10 → 15"]),
    "coupon_gone_and_new": (("code: TEN", "code: ELF"), ["removed coupon TEN", "added coupon ELF"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_told_with_what_it_means(name):
    change, expected = CHANGES[name]
    assert told(read(), read(change=change)) == expected


@pytest.mark.parametrize(
    ("policy", "effect"),
    [
        (PriceChange.NEXT_PERIOD, "follows with his next period"),
        (PriceChange.NOW, "follows now"),
        (PriceChange.NEVER, "keeps it"),
    ],
)
def test_who_follows_a_new_version_is_the_policys(policy, effect):
    (line,) = told(read(), read(price=('"30.00"', '"25.00"')), price_change=policy)
    assert effect in line


HELD = [
    Held("pro", "Monthly", "USD", None, 2),
    Held("pro", "Monthly", "USD", None, 1),
    Held("pro", "Yearly", "USD", None, 1),
    Held("pro", "Monthly", "USD", 1900, 1),
    Held("basic", "Monthly", "USD", None, 1),
    Held("pro", "Monthly", "EUR", None, 1),
]


def impact(new, policy=PriceChange.NEXT_PERIOD, held=HELD):
    old = read()
    differences = diff(old, new, price_change=policy)
    return impact_of(held, differences, old=old, new=new, price_change=policy)


@pytest.mark.parametrize("policy", [PriceChange.NEXT_PERIOD, PriceChange.NOW])
def test_who_follows_pays_the_new_price(policy):
    found = impact(read(price=('"30.00"', '"25.00"')), policy)
    assert (found.subscriptions, found.altered, found.repriced, found.regranted) == (6, 3, 3, 0)
    euros, dollars = found.mrr
    assert (euros.currency, euros.rate) == ("EUR", 0)
    assert dollars.before == 6000 + 3000 + 2500 + 1900 + 1000
    assert dollars.after == 5000 + 2500 + 2500 + 2500 + 1000
    assert dollars.rate == Fraction(13500 - 14400, 14400)


def test_who_is_grandfathered_pays_what_he_paid():
    found = impact(read(price=('"30.00"', '"25.00"')), PriceChange.NEVER)
    assert (found.altered, found.grandfathered) == (0, 3)
    assert [change.rate for change in found.mrr] == [0, 0]


def test_who_has_what_is_no_longer_sold_keeps_it():
    found = impact(read(price=(', EUR: "27.00"', ""), plan=("key: basic", "key: starter")))
    assert (found.altered, found.grandfathered) == (0, 3)


def test_another_grant_alters_everybody_on_the_plan():
    found = impact(read(grant=("max: 20", "max: 30")))
    assert (found.altered, found.regranted, found.repriced) == (5, 5, 0)


def test_from_nothing_there_is_no_rate():
    free = read(price=('"10.00"', '"0"'))
    differences = diff(free, read())
    held = [Held("basic", "Monthly", "USD", None, 1)]
    (change,) = impact_of(held, differences, old=free, new=read()).mrr
    assert (change.before, change.after, change.rate) == (0, 1000, None)


AMOUNTS = st.integers(0, 500).map(str)
CATALOGS = st.builds(
    lambda plans, coupons: parse_catalog(
        json.dumps({"plans": list(plans.values()), "coupons": list(coupons.values())}),
        file="c.json",
    ),
    st.dictionaries(
        st.sampled_from("abc"),
        st.fixed_dictionaries(
            {
                "name": st.sampled_from(["X", "Y"]),
                "prices": st.dictionaries(
                    st.sampled_from(["Monthly", "Yearly", "One-Time"]),
                    st.dictionaries(st.sampled_from(["USD", "EUR"]), AMOUNTS),
                ),
                "features": st.dictionaries(
                    st.just("api_access.calls_per_hour"), st.integers(0, 9) | st.just("unlimited")
                ),
            }
        ),
    ).map(lambda found: {key: {**plan, "key": key} for key, plan in found.items()}),
    st.dictionaries(
        st.sampled_from("AB"), st.fixed_dictionaries({"percent": st.integers(1, 100)})
    ).map(lambda found: {code: {**coupon, "code": code} for code, coupon in found.items()}),
)


@given(CATALOGS)
def test_a_catalogue_does_not_differ_from_itself(catalog):
    assert diff(catalog, catalog) == ()


OPPOSITE = {
    DifferenceKind.ADDED: DifferenceKind.REMOVED,
    DifferenceKind.REMOVED: DifferenceKind.ADDED,
    DifferenceKind.CHANGED: DifferenceKind.CHANGED,
}


@given(CATALOGS, CATALOGS)
def test_what_one_way_adds_the_other_way_takes_away(one, other):
    there, back = (
        {
            (each.kind, each.part, each.key, each.field)
            for each in diff(*pair)
            if each.part is not Part.PRICE or {each.plan} & _keys(one) & _keys(other)
        }
        for pair in ((one, other), (other, one))
    )
    assert there == {(OPPOSITE[kind], *rest) for kind, *rest in back}
    assert bool(diff(one, other)) == (not _same(one, other))


def _keys(catalog):
    return {plan.key for plan in catalog.plans}


def _same(one, other):
    def sorted_plans(catalog):
        return sorted(
            (plan.key, plan.name, json.dumps(plan.features, sort_keys=True), sorted(
                (price.frequency, price.amount.currency, price.amount.minor)
                for price in plan.prices
            )) for plan in catalog.plans
        )  # fmt: skip

    coupons = [sorted((c.code, c.percent) for c in catalog.coupons) for catalog in (one, other)]
    return sorted_plans(one) == sorted_plans(other) and coupons[0] == coupons[1]


@given(CATALOGS, CATALOGS, st.sampled_from(PriceChange), st.data())
def test_nobody_is_altered_by_nothing_and_never_changes_no_revenue(one, other, policy, data):
    sold = [
        Held(price.plan, str(price.frequency), price.amount.currency, None, 1)
        for plan in one.plans
        for price in plan.prices
    ]
    held = data.draw(st.lists(st.sampled_from(sold), max_size=5)) if sold else []
    same = impact_of(held, (), old=one, new=one, price_change=policy)
    assert (same.subscriptions, same.altered, same.grandfathered) == (len(held), 0, 0)
    differences = diff(one, other, price_change=policy)
    found = impact_of(held, differences, old=one, new=other, price_change=policy)
    assert found.altered <= found.subscriptions == len(held)
    if policy is PriceChange.NEVER:
        assert found.repriced == 0
        assert all(change.before == change.after for change in found.mrr)
