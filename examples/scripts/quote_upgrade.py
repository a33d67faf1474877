"""What does an upgrade in mid-period cost? Run: python examples/scripts/quote_upgrade.py"""

from datetime import UTC, datetime

from saaskit_core.billing.quotes import ChangeFacts, quote_change
from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency
from saaskit_core.plans import Price
from saaskit_core.subscriptions.facts import Started
from saaskit_core.subscriptions.policies import Policies
from saaskit_core.subscriptions.transitions import create


def monthly(plan: str, amount: str) -> Price:
    frequency = BillingFrequency.MONTHLY
    return Price(id=plan, plan=plan, amount=Money.of(amount, "USD"), frequency=frequency)


def main() -> None:
    policies = Policies()
    began = create(
        Started(id="1", customer_id="ada", price=monthly("basic", "10.00"), is_paid=True),
        now=datetime(2024, 6, 1, tzinfo=UTC),
        policies=policies,
    )
    quote = quote_change(
        ChangeFacts(
            subscription=began.subscription,
            price=monthly("pro", "30.00"),
            now=datetime(2024, 6, 16, tzinfo=UTC),
            policies=policies,
        )
    )
    for line in quote.invoice.lines:
        print(f"{line.total.decimal:>8}  {line.explanation}")
    print(f"{quote.invoice.amount_due.decimal:>8}  due now, for the upgrade to take effect")


if __name__ == "__main__":
    main()
