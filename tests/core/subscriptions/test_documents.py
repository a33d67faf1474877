"""What is written of a fact is read again as the same fact."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.billing.histories import build_history, parse_history
from saaskit_core.money import Money
from saaskit_core.periods import Interval, Unit
from saaskit_core.plans import Price
from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.documents import (
    KINDS,
    UnreadableFact,
    add_ons_document,
    add_ons_of,
    fact_document,
    fact_of,
    next_prices_document,
    next_prices_of,
    price_document,
    price_of,
)
from saaskit_core.subscriptions.model import NextPrice
from saaskit_core.subscriptions.states import (
    BilledBy,
    Collection,
    StatusReason,
    SubscriptionStatus,
)
from saaskit_core.subscriptions.terms import AddOn
from saaskit_core.testing import strategies
from tests.core.billing_builders import at, price

CUSTOM = st.builds(
    Price,
    id=st.text(max_size=8),
    plan=st.sampled_from(["pro", "team"]),
    amount=strategies.money(low=0),
    interval=strategies.intervals(),
    version=st.integers(1, 9),
)
PRICES = st.one_of(strategies.prices(), CUSTOM)
ADD_ONS = st.lists(st.builds(AddOn, price=PRICES, quantity=st.integers(1, 9)), max_size=3).map(
    tuple
)
FIELDS = {
    "price": PRICES,
    "add_ons": ADD_ONS,
    "period": strategies.periods(),
    **dict.fromkeys(("at", "to", "starts_at", "ends_at", "resumes_at"), strategies.instants()),
}
ENUMS = {
    each.__name__: st.sampled_from(each)
    for each in (BilledBy, Collection, StatusReason, SubscriptionStatus, facts.CancelWhen)
}
TEXTS = st.text(min_size=1, max_size=12)


def built(kind):
    """Any fact of a kind: what its annotations allow, instants and prices in their full range."""
    named = {name: FIELDS[name] for name in kind.__dataclass_fields__ if name in FIELDS}
    scalars = {"bool": st.booleans(), "int": st.integers(1, 99), "str": TEXTS, **ENUMS}
    plain = {
        name: scalars[each.type]
        for name, each in kind.__dataclass_fields__.items()
        if each.type in scalars
    }
    return st.builds(kind, **plain, **named)


FACTS = st.one_of(*(built(kind) for kind in KINDS.values()), strategies.requests())


@given(fact=FACTS)
def test_a_fact_is_read_as_it_was_written(fact):
    written = json.loads(json.dumps(fact_document(fact)))
    assert fact_of(written) == fact


@given(of=PRICES)
def test_a_price_is_read_as_it_was_written(of):
    assert price_of(json.loads(json.dumps(price_document(of)))) == of


@given(add_ons=ADD_ONS, at_=strategies.instants())
def test_what_a_subscription_carries_is_read_as_it_was_written(add_ons, at_):
    coming = tuple(NextPrice(price=each.price, effective_at=at_) for each in add_ons)
    assert add_ons_of(json.loads(json.dumps(add_ons_document(add_ons)))) == add_ons
    assert next_prices_of(json.loads(json.dumps(next_prices_document(coming)))) == coming


def test_money_is_written_exactly_in_every_currency():
    dinar = Price(id="1", plan="pro", amount=Money(1005, "KWD"), interval=Interval(Unit.MONTH, 5))
    assert price_document(dinar)["amount"] == "1.005"


def test_a_history_file_takes_what_was_written():
    asked = facts.ChangeRequested(price=price(2000, "team"), quantity=3)
    entry = {"at": "2024-06-10T00:00:00+00:00", **fact_document(asked)}
    file = {
        "subscription": {
            "at": "2024-06-01",
            "is_paid": True,
            "price": price_document(price(1000)),
        },
        "log": [entry],
    }
    history = build_history(parse_history(json.dumps(file)))
    assert history.entries[1].fact == asked
    assert history.entries[1].at == at("2024-06-10")


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({}, id="empty"),
        pytest.param({"fact": "Vanished", "with": {}}, id="unknown"),
        pytest.param({"fact": "Extended", "with": {}}, id="field_missing"),
        pytest.param({"fact": "Extended", "with": {"to": "soon"}}, id="not_an_instant"),
        pytest.param({"fact": "Resumed", "with": {"to": "2024-06-01"}}, id="field_too_many"),
        pytest.param({"fact": "Resumed", "with": []}, id="not_an_object"),
        pytest.param({"fact": "PriceRevised", "with": {"price": {"id": "1"}}}, id="half_a_price"),
    ],
)
def test_what_is_no_fact_is_refused_by_name(document):
    with pytest.raises(UnreadableFact):
        fact_of(document)
