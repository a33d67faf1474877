"""The ledger and the wallet: balanced, append-only, never below zero."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from saaskit_core.billing.credit_notes import CreditNoteReason, credit_amount, credit_whole
from saaskit_core.billing.invoices import LineKind, Settlement, TaxRule
from saaskit_core.billing.ledger import (
    Account,
    Entry,
    EntryConflict,
    EntryKind,
    InvalidEntry,
    Ledger,
    LedgerUnbalanced,
    Leg,
    WalletOverdrawn,
)
from saaskit_core.billing.pipeline import assemble, simple_line
from saaskit_core.billing.postings import (
    credit_note_issued,
    credited_to_wallet,
    dispute_lost,
    dispute_opened,
    dispute_won,
    invoice_finalised,
    needs_credit_note,
    payment_received,
    refunded,
    reversed_entry,
    written_off,
)
from saaskit_core.billing.wallets import (
    GrantReason,
    Posting,
    expire,
    give_back,
    grant,
    lots,
    pay_out,
    usable,
    use_wallet,
)
from saaskit_core.money import Money
from saaskit_core.subscriptions.policies import RefundAdjustment
from tests.core.billing_builders import at, usd

NOW = at("2024-06-01")


def post(key, *, when=NOW, customer="ada"):
    return Posting(key=key, customer_id=customer, at=when, about=f"doc:{key}")


def invoice(minor, **settlement):
    line = simple_line(LineKind.PERIOD, "pro", usd(minor), "")
    return assemble("USD", [line], Settlement(**settlement))


def gift(key, minor, *, when=NOW, reason=GrantReason.PROMOTION, expires_at=None):
    return grant(post(key, when=when), usd(minor), reason=reason, expires_at=expires_at)


def balance(ledger, account):
    return ledger.balance(account, "USD", customer_id="ada").minor


def owed(ledger):
    return ledger.owed_by("ada", "USD").minor


def wallet(ledger, when=NOW):
    return usable(ledger, "ada", "USD", at=when).minor


def test_case_32_credit_and_an_unpaid_charge():
    ledger = Ledger().posted(gift("g", 2000, reason=GrantReason.GOODWILL))
    ledger = ledger.posted(invoice_finalised(post("i"), invoice(10000)))
    assert owed(ledger) == 8000
    used = ledger.posted(use_wallet(ledger, post("u"), usd(2000)))
    assert (owed(used), wallet(used), balance(used, Account.RECEIVABLE)) == (8000, 0, 8000)


def paid_100():
    draft = invoice(10000)
    entries = (
        invoice_finalised(post("i"), draft),
        payment_received(post("p"), usd(10000), applied=usd(10000)),
    )
    return draft, Ledger().posted(*entries)


@pytest.mark.parametrize(
    ("adjustment", "expected"), [(RefundAdjustment.WITH_ITEM, 0), (RefundAdjustment.WITHOUT, 1000)]
)
def test_case_33_a_refund_with_and_without_item_adjustment(adjustment, expected):
    draft, ledger = paid_100()
    assert owed(ledger) == 0
    ledger = ledger.posted(refunded(post("r"), usd(1000)))
    if needs_credit_note(adjustment):
        note = credit_amount(draft, usd(1000), reason=CreditNoteReason.REFUND)
        ledger = ledger.posted(credit_note_issued(post("n"), note))
    assert owed(ledger) == expected
    assert balance(ledger, Account.CLEARING) == 9000


def test_case_34_the_same_refund_twice_changes_nothing():
    _, ledger = paid_100()
    once = ledger.posted(refunded(post("r"), usd(1000)))
    later = post("r", when=NOW + timedelta(days=1))
    twice = once.posted(refunded(post("r"), usd(1000)), refunded(later, usd(1000)))
    assert twice.entries == once.entries
    assert "r" in twice
    assert "x" not in twice
    with pytest.raises(EntryConflict):
        once.posted(refunded(post("r"), usd(999)))


def test_an_invoice_tells_revenue_discount_tax_and_carried_amounts_apart():
    line = replace(
        simple_line(LineKind.PERIOD, "pro", usd(10000), ""), discount=usd(1000)
    )  # fmt: skip
    draft = assemble(
        "USD", [line], Settlement(tax=TaxRule(percent=Decimal(20)), carried=usd(30))
    )  # fmt: skip
    ledger = Ledger().posted(invoice_finalised(post("i"), draft))
    assert {account: balance(ledger, account) for account in Account if balance(ledger, account)} \
        == {
            Account.RECEIVABLE: 10830, Account.CARRIED: -30, Account.REVENUE: -10000,
            Account.DISCOUNTS: 1000, Account.TAX_PAYABLE: -1800,
        }  # fmt: skip


def test_what_is_carried_forward_waits_and_is_taken_in():
    small = invoice(30, minimum=usd(50))
    ledger = Ledger().posted(invoice_finalised(post("i1"), small))
    assert (balance(ledger, Account.RECEIVABLE), balance(ledger, Account.CARRIED)) == (0, 30)
    following = invoice(30, minimum=usd(50), carried=small.carried_forward)
    ledger = ledger.posted(invoice_finalised(post("i2"), following))
    assert (balance(ledger, Account.RECEIVABLE), balance(ledger, Account.CARRIED)) == (60, 0)
    assert balance(ledger, Account.REVENUE) == -60


def test_a_carried_amount_may_be_given_up():
    ledger = Ledger().posted(invoice_finalised(post("i"), invoice(30, minimum=usd(50))))
    ledger = ledger.posted(written_off(post("w"), usd(0), carried=usd(30)))
    assert (owed(ledger), balance(ledger, Account.WRITE_OFF)) == (0, 30)


def test_a_surplus_of_an_invoice_is_credit():
    lines = [simple_line(LineKind.UNUSED_CREDIT, "old", usd(-500), ""),
             simple_line(LineKind.REMAINING_DEBIT, "new", usd(200), "")]  # fmt: skip
    ledger = Ledger().posted(invoice_finalised(post("i"), assemble("USD", lines, Settlement())))
    assert (wallet(ledger), owed(ledger), balance(ledger, Account.REVENUE)) == (300, -300, 300)


def test_a_whole_credit_note_of_a_taxed_invoice_leaves_no_revenue_and_no_tax():
    draft = invoice(10000, tax=TaxRule(percent=Decimal(19)))
    ledger = Ledger().posted(invoice_finalised(post("i"), draft))
    note = credit_whole(draft, reason=CreditNoteReason.MISTAKE)
    ledger = ledger.posted(credit_note_issued(post("n"), note))
    assert (owed(ledger), balance(ledger, Account.TAX_PAYABLE)) == (0, 0)
    assert balance(ledger, Account.REVENUE) + balance(ledger, Account.REFUNDS) == 0


def test_a_credit_note_may_become_credit():
    draft, ledger = paid_100()
    note = credit_amount(draft, usd(1000), reason=CreditNoteReason.GOODWILL)
    ledger = ledger.posted(
        credit_note_issued(post("n"), note), credited_to_wallet(post("c"), usd(1000))
    )
    assert (wallet(ledger), balance(ledger, Account.RECEIVABLE)) == (1000, 0)


def test_more_than_was_asked_becomes_credit_that_does_not_expire():
    ledger = Ledger().posted(invoice_finalised(post("i"), invoice(1000)))
    ledger = ledger.posted(payment_received(post("p"), usd(1200), applied=usd(1000)))
    (lot,) = lots(ledger, "ada", "USD")
    assert (lot.left, lot.is_promotional, lot.expires_at) == (usd(200), False, None)
    assert owed(ledger) == -200


def test_a_write_off_and_a_reversal():
    entry = invoice_finalised(post("i"), invoice(1000))
    ledger = Ledger().posted(entry)
    assert owed(ledger.posted(written_off(post("w"), usd(1000)))) == 0
    voided = ledger.posted(reversed_entry(post("v"), entry))
    assert all(balance(voided, account) == 0 for account in Account)


def test_disputes():
    _, ledger = paid_100()
    opened = ledger.posted(dispute_opened(post("d"), usd(10000), fee=usd(1500)))
    assert balance(opened, Account.CLEARING) == -1500
    assert balance(opened, Account.DISPUTED) == 10000
    won = opened.posted(dispute_won(post("d:won"), usd(10000)))
    assert (balance(won, Account.CLEARING), balance(won, Account.DISPUTED)) == (8500, 0)
    lost = opened.posted(dispute_lost(post("d:lost"), usd(10000)))
    assert (balance(lost, Account.WRITE_OFF), owed(lost)) == (10000, 0)


def test_promotional_credit_first_and_the_oldest_first():
    ledger = Ledger().posted(
        gift("paid", 500, when=NOW, reason=GrantReason.UNUSED_TIME),
        gift("new", 500, when=NOW + timedelta(days=2)),
        gift("old", 500, when=NOW + timedelta(days=1)),
    )
    later = NOW + timedelta(days=3)
    entry = use_wallet(ledger, post("u", when=later), usd(1200))
    assert [(leg.lot, leg.amount.minor) for leg in entry.legs if leg.lot] == [
        ("old", 500), ("new", 500), ("paid", 200),
    ]  # fmt: skip
    after = ledger.posted(entry)
    assert use_wallet(after, post("u", when=later), usd(1200)) is entry
    back = after.posted(give_back(after, post("b", when=later), used_key="u"))
    assert wallet(back, later) == 1500


def test_credit_lapses_at_its_instant_and_never_before():
    end = NOW + timedelta(days=30)
    ledger = Ledger().posted(gift("g", 500, expires_at=end), gift("h", 100))
    before = end - timedelta(microseconds=1)
    assert (wallet(ledger, before), wallet(ledger, end)) == (600, 100)
    assert expire(ledger, "ada", "USD", at=before) == ()
    with pytest.raises(WalletOverdrawn):
        use_wallet(ledger, post("u", when=end), usd(101))
    lapsed = ledger.posted(*expire(ledger, "ada", "USD", at=end))
    assert (owed(lapsed), balance(lapsed, Account.PROMOTIONS)) == (-100, 100)
    assert expire(lapsed, "ada", "USD", at=end) == ()


def test_what_returns_to_a_lapsed_grant_lapses_again():
    end = NOW + timedelta(days=30)
    ledger = Ledger().posted(gift("g", 500, expires_at=end))
    ledger = ledger.posted(use_wallet(ledger, post("u"), usd(200)))
    ledger = ledger.posted(*expire(ledger, "ada", "USD", at=end))
    ledger = ledger.posted(give_back(ledger, post("b", when=end), used_key="u"))
    assert wallet(ledger, end) == 0
    ledger = ledger.posted(*expire(ledger, "ada", "USD", at=end))
    assert owed(ledger) == balance(ledger, Account.RECEIVABLE) == 0


def test_only_what_was_paid_for_is_paid_out():
    ledger = Ledger().posted(gift("g", 500), gift("h", 300, reason=GrantReason.UNUSED_TIME))
    with pytest.raises(WalletOverdrawn):
        pay_out(ledger, post("o"), usd(301))
    ledger = ledger.posted(pay_out(ledger, post("o"), usd(300)))
    assert (wallet(ledger), balance(ledger, Account.CLEARING)) == (500, -300)


def test_what_the_ledger_refuses():
    leg = Leg(account=Account.CLEARING, amount=usd(5))
    base = {"key": "k", "kind": EntryKind.PAYMENT, "customer_id": "ada", "occurred_at": NOW}
    with pytest.raises(LedgerUnbalanced):
        Entry(legs=(leg,), **base)
    with pytest.raises(LedgerUnbalanced):
        Entry(legs=(leg, Leg(account=Account.REVENUE, amount=Money(-5, "EUR"))), **base)
    bad_legs = [
        (),
        (leg, Leg(account=Account.REVENUE, amount=usd(0))),
        (leg, Leg(account=Account.WALLET, amount=usd(-5))),
        (leg, Leg(account=Account.REVENUE, amount=usd(-5), lot="g")),
    ]
    for legs in bad_legs:
        with pytest.raises(InvalidEntry):
            Entry(legs=legs, **base)
    for bad in (
        lambda: gift("g", 0),
        lambda: gift("g", -1),
        lambda: gift("g", 5, expires_at=NOW),
        lambda: gift("g", 5, reason=GrantReason.UNUSED_TIME, expires_at=NOW + timedelta(1)),
        lambda: use_wallet(Ledger(), post("u"), usd(0)),
        lambda: give_back(Ledger(), post("b"), used_key="u"),
        lambda: payment_received(post("p"), usd(5), applied=usd(6)),
        lambda: refunded(post("r"), usd(-1)),
        lambda: refunded(post("r"), usd(0)),
        lambda: invoice_finalised(post("i"), invoice(0)),
    ):
        with pytest.raises(InvalidEntry):
            bad()


def test_nobody_uses_another_customers_grant():
    ledger = Ledger().posted(gift("g", 500))
    stolen = use_wallet(ledger, post("u"), usd(100))
    with pytest.raises(WalletOverdrawn):
        ledger.posted(replace(stolen, key="x", customer_id="eve"))


STORY = (
    gift("g", 700),
    gift("h", 300, reason=GrantReason.UNUSED_TIME),
    invoice_finalised(post("i"), invoice(1000)),
    use_wallet(Ledger().posted(gift("g", 700)), post("u"), usd(400)),
    payment_received(post("p"), usd(650), applied=usd(600)),
    refunded(post("r"), usd(100)),
    dispute_opened(post("d"), usd(300)),
)


@given(st.data())
def test_facts_in_any_order_and_any_number_end_in_the_same_balances(data):
    repeated = [*STORY, *data.draw(st.lists(st.sampled_from(STORY), max_size=7))]
    shuffled = data.draw(st.permutations(repeated))
    ledger = Ledger().posted(*shuffled)
    assert ledger.entries == Ledger().posted(*STORY).entries
    assert set(ledger.sums().values()) == {0}


class WalletMachine(RuleBasedStateMachine):
    """Credit comes, is used, returned, paid out and lapses, while time goes on."""

    @initialize()
    def begin(self):
        self.ledger, self.now, self.count = Ledger(), NOW, 0
        self.model: dict[str, int] = {}
        self.uses: list[str] = []

    def key(self):
        self.count += 1
        return f"k{self.count}"

    @rule(minor=st.integers(1, 1000), days=st.none() | st.integers(1, 40),
          reason=st.sampled_from(GrantReason))  # fmt: skip
    def give(self, minor, days, reason):
        may_expire = days is not None and reason is not GrantReason.UNUSED_TIME
        end = self.now + timedelta(days=days) if may_expire else None
        self.ledger = self.ledger.posted(
            gift(self.key(), minor, when=self.now, reason=reason, expires_at=end)
        )

    @rule(minor=st.integers(1, 1500), is_payout=st.booleans())
    def take(self, minor, is_payout):
        posting = post(self.key(), when=self.now)
        before = wallet(self.ledger, self.now)
        try:
            entry = (pay_out if is_payout else use_wallet)(self.ledger, posting, usd(minor))
        except WalletOverdrawn:
            assert is_payout or minor > before
            return
        self.ledger = self.ledger.posted(entry)
        assert wallet(self.ledger, self.now) == before - minor
        if not is_payout:
            self.uses.append(entry.key)

    @precondition(lambda self: self.uses)
    @rule()
    def put_back(self):
        posting = post(self.key(), when=self.now)
        self.ledger = self.ledger.posted(give_back(self.ledger, posting, used_key=self.uses.pop()))

    @rule(days=st.integers(0, 30))
    def wait(self, days):
        self.now += timedelta(days=days)

    @rule()
    def lapse(self):
        before = wallet(self.ledger, self.now)
        self.ledger = self.ledger.posted(*expire(self.ledger, "ada", "USD", at=self.now))
        assert wallet(self.ledger, self.now) == before
        assert -balance(self.ledger, Account.WALLET) == before

    @rule(data=st.data())
    def replay(self, data):
        entries = list(self.ledger.entries.values())
        if entries:
            again = data.draw(st.lists(st.sampled_from(entries), max_size=3))
            assert self.ledger.posted(*again).entries == self.ledger.entries

    @invariant()
    def nothing_is_negative_and_all_adds_up(self):
        if not hasattr(self, "ledger"):
            return
        assert all(minor == 0 for minor in self.ledger.sums().values())
        held = lots(self.ledger, "ada", "USD")
        assert all(lot.left.minor > 0 for lot in held)
        assert sum(lot.left.minor for lot in held) == -balance(self.ledger, Account.WALLET)


TestWallet = WalletMachine.TestCase
