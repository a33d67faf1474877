"""What becomes of an amount that was too small to charge when its subscription ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.billing.carrying import CarriedEnd, settle_carried
from saaskit_core.billing.invariants import NegativeTotal
from tests.core.billing_builders import usd


@pytest.mark.parametrize(
    ("carried", "wallet", "minimum", "other", "decision", "parts"),
    [
        (0, 100, 50, False, CarriedEnd.NOTHING, (0, 0, 0, 0)),
        (30, 0, 50, True, CarriedEnd.STAYS, (0, 0, 0, 30)),
        (30, 100, 50, False, CarriedEnd.WALLET, (30, 0, 0, 0)),
        (30, 10, 50, False, CarriedEnd.WRITE_OFF, (10, 0, 20, 0)),
        (60, 10, 50, False, CarriedEnd.COLLECT, (10, 50, 0, 0)),
        (49, 0, 50, False, CarriedEnd.WRITE_OFF, (0, 0, 49, 0)),
        (1, 0, None, False, CarriedEnd.COLLECT, (0, 1, 0, 0)),
    ],
)
def test_the_end(carried, wallet, minimum, other, decision, parts):
    found = settle_carried(
        usd(carried), wallet=usd(wallet), minimum=usd(minimum) if minimum else None,
        has_other_subscription=other,
    )  # fmt: skip
    amounts = (found.from_wallet, found.collected, found.written_off, found.stays)
    assert (found.decision, tuple(amount.minor for amount in amounts)) == (decision, parts)
    assert found.explanation.endswith(".")


def test_negative_balances_are_a_fault():
    with pytest.raises(NegativeTotal):
        settle_carried(usd(-1))
    with pytest.raises(NegativeTotal):
        settle_carried(usd(1), wallet=usd(-1))


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000), st.booleans())
def test_the_parts_are_the_whole(carried, wallet, minimum, other):
    found = settle_carried(
        usd(carried), wallet=usd(wallet), minimum=usd(minimum), has_other_subscription=other
    )
    parts = (found.from_wallet, found.collected, found.written_off, found.stays)
    assert sum(part.minor for part in parts) == carried
    assert all(part.minor >= 0 for part in parts)
    assert found.from_wallet.minor <= wallet
    assert not found.collected or found.collected.minor >= minimum
