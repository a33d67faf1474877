"""What a customer may do now: his plan's features and his exceptions, compiled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.features import Grant, compile_features
from saaskit_django.customers.selectors import acting_customer
from saaskit_django.customers.services import billing_now
from saaskit_django.features.models import FeatureOverride
from saaskit_django.plans.selectors import feature_definitions
from saaskit_django.subscriptions.selectors import current_plan

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet
    from rest_framework.request import Request

    from saaskit_core.features import FeatureSet
    from saaskit_django.customers.models import Customer
    from saaskit_django.plans.models import SubscriptionPlan

_CACHE = "saaskit_entitlements"


class FeatureNotInPlan(SaasKitError):
    """The plan doesn't grant it: another plan may."""

    code = "feature_not_in_plan"
    kind = ErrorKind.FORBIDDEN
    template = "Your plan does not include %(feature)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlements:
    """The plan that counts for a customer now, and what he may do. No plan: defaults only."""

    customer: Customer
    plan: SubscriptionPlan | None
    features: FeatureSet
    is_stale: bool = False


def entitlements(customer: Customer, *, now: datetime, user: Any = None) -> Entitlements:
    """Return what a customer may do at `now` (real time), for one of his users or in general."""
    at = billing_now(customer, now)
    current = current_plan(customer, now=at)
    grants = [Grant(plan=current.plan.key, features=current.plan.features)] if current.plan else []
    features = compile_features(
        feature_definitions(),
        grants=grants,
        overrides=[row.to_core() for row in overrides_for(customer, user=user, at=at)],
        now=at,
        is_stale=current.is_stale,
    )
    return Entitlements(
        customer=customer, plan=current.plan, features=features, is_stale=current.is_stale
    )


def feature_set(customer: Customer, *, now: datetime, user: Any = None) -> FeatureSet:
    """Return the customer's compiled features: `feature_set(…).allows("api_access.enabled")`."""
    return entitlements(customer, now=now, user=user).features


def entitlements_of(request: Request, *, now: datetime) -> Entitlements:
    """Return what the acting customer may do, worked out once per request.

    Raises NotSignedIn or CustomerNotFound.
    """
    plain = getattr(request, "_request", request)
    known: Entitlements | None = getattr(plain, _CACHE, None)
    if known is None:
        known = entitlements(acting_customer(request), now=now, user=request.user)
        setattr(plain, _CACHE, known)
    return known


def overrides_for(
    customer: Customer, *, user: Any = None, at: datetime
) -> QuerySet[FeatureOverride]:
    """Return the exceptions in force now or later: everybody's, the customer's, the user's."""
    user_id = user.pk if user is not None else customer.user_id
    theirs = Q(customer__isnull=True, user__isnull=True)
    if customer.pk is not None:
        theirs |= Q(customer=customer)
    if user_id is not None:
        theirs |= Q(user_id=user_id)
    not_over = Q(ends_at__isnull=True) | Q(ends_at__gt=at)
    return FeatureOverride.objects.filter(theirs, not_over).order_by("pk")


def require(features: FeatureSet, path: str) -> None:
    """Do nothing when the feature is granted. Raises FeatureNotInPlan."""
    if not features.allows(path):
        raise FeatureNotInPlan(feature=path)
