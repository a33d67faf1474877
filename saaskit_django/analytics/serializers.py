"""What requests for figures contain, and how the figures are answered."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from saaskit_core.analytics.figures import lifetime_value
from saaskit_core.analytics.movements import MovementKind
from saaskit_core.analytics.mrr import arr, as_money
from saaskit_core.money import Money, round_half_away
from saaskit_django.payments.serializers import totals_data
from saaskit_django.rest.fields import CurrencyField, DayField, money_text
from saaskit_django.rest.serializers import InputSerializer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rest_framework import serializers

    from saaskit_core.analytics.figures import MonthFigures
    from saaskit_core.analytics.months import Month
    from saaskit_django.analytics.selectors.plans import PlanUse
    from saaskit_django.analytics.selectors.subscriptions import Growth

Data = dict[str, object]
PERFORMERS = 10


class AnalyticsQuery(InputSerializer):
    """Of which currency, and the months in which the days `from` and `to` lie."""

    currency = CurrencyField(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the fields; one of them is called as Python calls a statement."""
        days = {name: DayField(required=False) for name in ("from", "to")}
        return {**super().get_fields(), **days}


def amounts_data(amounts: Mapping[str, Fraction]) -> dict[str, str]:
    """Render exact amounts per currency."""
    return {each: money_text(as_money(minor, each)) for each, minor in sorted(amounts.items())}


def movement_data(month: Month, figures: MonthFigures | None, *, currency: str) -> Data:
    """Render what moved the revenue of a month; what went is negative."""
    moved = figures.movements if figures else {}
    return {
        "month": str(month),
        "currency": currency,
        **{
            kind.value: money_text(as_money(moved.get(kind, Fraction(0)), currency))
            for kind in MovementKind
        },
    }


def revenue_data(
    monthly: Fraction, subscribers: int, latest: MonthFigures | None, *, currency: str
) -> Data:
    """Render the measures of now; churn and lifetime are the latest month's."""
    value = lifetime_value(latest) if latest else None
    return {
        "currency": currency,
        "mrr": money_text(as_money(monthly, currency)),
        "arr": money_text(as_money(arr(monthly), currency)),
        "active_subscribers": subscribers,
        "arpu": money_text(as_money(monthly / subscribers, currency)) if subscribers else None,
        "churn_rate": rate_text(latest.customer_churn_rate if latest else None),
        "ltv": money_text(as_money(value, currency)) if value is not None else None,
    }


def growth_data(found: Growth) -> Data:
    """Render how this month compares; a rate without anything to divide by is None."""
    change = found.this_month_new - found.last_month_new
    return {
        "this_month_new": found.this_month_new,
        "last_month_new": found.last_month_new,
        "growth_rate_percent": percent_text(change, found.last_month_new),
        "churn_rate_percent": percent_text(found.ended, found.at_start),
    }


def use_data(use: PlanUse) -> Data:
    """Render a plan with who has it."""
    return {
        "plan_id": use.plan.pk,
        "plan_name": use.plan.name,
        "active_subscriptions": use.active,
        "total_subscriptions": use.total,
        "mrr": amounts_data(use.mrr),
    }


def pricing_data(rows: Iterable[Mapping[str, Any]]) -> dict[str, Data]:
    """Render the monthly prices there are, by currency."""
    return {
        row["currency"]: {
            "lowest": money_text(Money(row["lowest"], row["currency"])),
            "highest": money_text(Money(row["highest"], row["currency"])),
            "average": money_text(as_money(Fraction(row["average"]), row["currency"])),
        }
        for row in rows
    }


def performers_data(uses: list[PlanUse], *, currency: str) -> Data:
    """Render the plan that most have, and the one that brings most in one currency."""
    popular = max(uses, key=lambda use: (use.active, -use.plan.pk), default=None)
    earning = [use for use in uses if use.mrr.get(currency)]
    highest = max(earning, key=lambda use: use.mrr[currency], default=None)
    return {
        "most_popular_plan": use_data(popular) if popular and popular.active else None,
        "highest_revenue_plan": use_data(highest) if highest else None,
    }


def limits_data(uses: Iterable[PlanUse]) -> list[Data]:
    """Render what the plans allow."""
    return [
        {
            "plan_id": use.plan.pk,
            "plan_name": use.plan.name,
            "max_operations": _flag(use, "max_operations"),
            "max_api_calls_per_hour": _flag(use, "max_api_calls_per_hour"),
        }
        for use in uses
    ]


def received_data(minor: Mapping[str, int]) -> dict[str, str]:
    """Render the money that came in, by currency."""
    return totals_data(minor)


def rate_text(rate: Fraction | None) -> str | None:
    """Write a rate as a decimal string with four places."""
    return None if rate is None else _decimal(rate, 4)


def percent_text(part: int, whole: int) -> str | None:
    """Write a share in per cent with two places."""
    return _decimal(Fraction(100 * part, whole), 2) if whole else None


def _decimal(value: Fraction, places: int) -> str:
    scaled = round_half_away(value * 10**places)
    whole, rest = divmod(abs(scaled), 10**places)
    return f"{'-' if scaled < 0 else ''}{whole}.{rest:0{places}}"


def _flag(use: PlanUse, name: str) -> object:
    return getattr(getattr(use.plan, "feature_flags", None), name, None)
