"""The next twelve invoices of a trial that ends on the 31st, with a coupon for three months."""

from datetime import UTC, datetime
from decimal import Decimal

from saaskit_core.billing.previews import upcoming
from saaskit_core.coupons import AppliedCoupon, Coupon, CouponDuration, DiscountType
from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency
from saaskit_core.plans import Price
from saaskit_core.subscriptions.facts import Started
from saaskit_core.subscriptions.policies import Policies
from saaskit_core.subscriptions.transitions import create


def main() -> None:
    price = Price(
        id="pro-monthly",
        plan="pro",
        amount=Money.of("29.00", "EUR"),
        frequency=BillingFrequency.MONTHLY,
    )
    coupon = Coupon(
        code="WELCOME",
        discount_type=DiscountType.PERCENTAGE,
        percent=Decimal(50),
        duration=CouponDuration.REPEATING,
        duration_months=3,
    )
    policies = Policies()
    began = create(
        Started(
            id="1",
            customer_id="ada",
            price=price,
            zone="Europe/Paris",
            trial_days=14,
            has_method=True,
        ),
        now=datetime(2025, 1, 17, 9, 0, tzinfo=UTC),
        policies=policies,
    )
    invoices = upcoming(
        began.subscription, 12, policies=policies, coupons=[AppliedCoupon(coupon=coupon)]
    )
    for invoice in invoices:
        print(f"{invoice.due_at:%Y-%m-%d}  {invoice.draft.amount_due}")


if __name__ == "__main__":
    main()
