import json

import pytest

from saaskit_core.catalog import Catalog, CatalogError
from saaskit_core.periods import BillingFrequency, UnknownTimeZone
from saaskit_core.simulation import (
    InvalidPopulation,
    MonthlyRates,
    PaymentRates,
    Population,
    read_population,
)
from saaskit_core.simulation.markets import open_market
from saaskit_core.subscriptions.terms import InvalidQuantity
from tests.core.simulation.builders import DEMO, one_plan


def test_left_out_mixes_follow_from_the_catalogue():
    market = open_market(DEMO, Population())
    assert market.currencies.values == ("EUR", "USD")
    assert market.plans_in["USD"].values == ("free", "pro", "business")
    free, pro, business = market.plans_in["USD"].weights
    assert free > pro > business
    sold = [price.frequency for price in market.prices["USD", "business"].values]
    assert sold == [
        BillingFrequency.MONTHLY,
        BillingFrequency.SEMI_ANNUALLY,
        BillingFrequency.YEARLY,
        BillingFrequency.ONE_TIME,
    ]


def test_an_upgrade_costs_more_and_keeps_the_interval_where_it_can():
    market = open_market(DEMO, Population())
    assert [each.id for each in market.above["pro/Monthly/USD/v1"]] == ["business/Monthly/USD/v1"]
    assert [each.id for each in market.below["pro/Monthly/USD/v1"]] == ["free/Monthly/USD/v1"]
    assert {each.plan for each in market.above["pro/Quarterly/USD/v1"]} == {"pro", "business"}
    assert market.above["business/One-Time/USD/v1"] == ()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"customers": 0}, "customers"),
        ({"customers": True}, "customers"),
        ({"customers": 10**9}, "customers"),
        ({"growth": -1}, "growth"),
        ({"growth": "NaN"}, "growth"),
        ({"plans": {"pro": -1}}, "plans.pro"),
        ({"frequencies": {"Hourly": 1}}, "frequencies"),
        ({"payments": {"soft_decline": 2}}, "soft_decline"),
        ({"payments": {"soft_decline": 0.9, "hard_decline": 0.2}}, "more than 1"),
        ({"monthly": {"cancel": 0.9, "upgrade": 0.2}}, "more than 1"),
        ({"monthly": {"cancle": 0.1}}, "cancle"),
        ({"people": 5}, "people"),
    ],
)
def test_a_bad_population_is_refused_by_name(given, said):
    with pytest.raises(InvalidPopulation, match=said):
        Population(**given)


def test_a_part_alone_is_refused_too():
    with pytest.raises(InvalidPopulation, match="hard_decline"):
        PaymentRates(hard_decline="1.5")
    with pytest.raises(InvalidPopulation, match="pause"):
        MonthlyRates(pause="often")


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"plans": {"gold": 1}}, InvalidPopulation, "no plan 'gold'"),
        ({"currencies": {"JPY": 1}}, InvalidPopulation, "no plan of it is sold in JPY"),
        ({"currencies": {"USD": 0}}, InvalidPopulation, "currencies: nothing weighs"),
        ({"plans": {"free": 1}, "frequencies": {"Yearly": 1}}, InvalidPopulation, "is sold in"),
        ({"zones": {"Mars": 1}}, UnknownTimeZone, "Mars"),
        ({"quantities": {0: 1}}, InvalidQuantity, "quantity"),
    ],
)
def test_what_does_not_fit_the_catalogue_is_refused(given, error, said):
    with pytest.raises(error, match=said):
        open_market(DEMO, Population(**given))


def test_an_empty_catalogue_sells_nothing():
    with pytest.raises(InvalidPopulation, match="the catalogue sells nothing"):
        open_market(Catalog(), Population())


def test_a_population_is_read_from_json_and_yaml():
    wanted = {"customers": 7, "plans": {"pro": 1}, "monthly": {"cancel": "0.05"}}
    from_json = read_population(json.dumps(wanted), file="p.json")
    from_yaml = read_population(
        "customers: 7\nplans: {pro: 1}\nmonthly: {cancel: '0.05'}\n", file="p.yaml"
    )
    assert from_json == from_yaml == Population(**wanted)


@pytest.mark.parametrize(("text", "error"), [("[1]", InvalidPopulation), ("{", CatalogError)])
def test_a_file_that_holds_no_population_is_refused(text, error):
    with pytest.raises(error):
        read_population(text, file="p.json")


def test_a_weight_of_nothing_leaves_out():
    market = open_market(DEMO, Population(plans={"pro": 1, "free": 0}))
    assert market.plans_in["EUR"].values == ("pro",)
    assert open_market(one_plan(), Population()).below["pro/Monthly/USD"] == ()
