"""Noting by whose code a customer came: once, for life, whoever races."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from saaskit_core.payments.states import PaymentState
from saaskit_core.referrals import (
    AlreadyReferred,
    Introduction,
    Newcomer,
    Party,
    ReferralCodeUnusable,
    ReferralRefused,
    SelfReferral,
    Traffic,
    attribute,
    next_due_at,
    public_refusal,
)
from saaskit_django.audit.services import record_activity
from saaskit_django.billing.services.wallet import has_entry
from saaskit_django.customers.services import ensure_saved, lock_customer
from saaskit_django.identifiers import new_reference
from saaskit_django.outbox.services import record
from saaskit_django.payments.models import Payment
from saaskit_django.payments.selectors import has_paid_before
from saaskit_django.payments.services.reserve import late_money
from saaskit_django.referrals.models import (
    ReferralCode,
    ReferralProgramme,
    ReferralStep,
    ReferralTransaction,
)
from saaskit_django.referrals.selectors import (
    chain_above,
    code_spelled,
    count_by_referrer,
    count_from_ip,
    earlier_referral,
)
from saaskit_django.referrals.services.progress import lock_parties, move, paid_by, returned_of

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.referrals import Changed
    from saaskit_django.customers.models import Customer


def claim(
    customer: Customer, *, code: str, user: Any, now: datetime, ip_hash: str = ""
) -> ReferralTransaction:
    """Note that a customer came by a code, before his first payment.

    Raises ReferralRefused subclasses, and then nothing is written.
    """
    try:
        with transaction.atomic(durable=True):
            return refer(customer, code=code, user=user, now=now, ip_hash=ip_hash)
    except ReferralRefused as refused:
        raise public_refusal(refused) from refused


def claim_for_purchase(customer: Customer, *, code: str, user: Any, now: datetime) -> None:
    """Note the code that is given with a purchase; the same code again changes nothing.

    Raises ReferralRefused subclasses.
    """
    earlier = None if customer._state.adding else earlier_referral(customer, user=user)
    if earlier is None or earlier.referral_code.code != code_spelled(code):
        claim(customer, code=code, user=user, now=now)


def refer_registered(user: Any, customer: Customer, *, code: str, now: datetime) -> None:
    """Note the code that somebody registered with, however late this runs. Inside a transaction.

    He hadn't paid when he gave it, so what he paid since counts. Raises ReferralRefused subclasses.
    """
    with transaction.atomic():
        row = refer(customer, code=code, user=user, now=now, is_before_payment=True)
        _catch_up(row, now=now)


def refer(
    customer: Customer,
    *,
    code: str,
    user: Any,
    now: datetime,
    ip_hash: str = "",
    is_before_payment: bool = False,
) -> ReferralTransaction:
    """Note a referral, inside a transaction that a refusal rolls back; see `claim`."""
    _one_at_a_time()
    customer = lock_customer(ensure_saved(customer).pk)
    found = _take_use(code_spelled(code))
    if found.user_id is not None and user is not None and found.user_id == user.pk:
        raise SelfReferral
    given = Introduction(
        id=new_reference("ref"),
        code=found.to_core(),
        newcomer=Newcomer(
            party=_party(customer, ip_hash),
            signed_up_at=_signed_up_at(customer, user),
            has_paid=not is_before_payment and has_paid_before(customer),
            referred_by=_referred_by(customer, user),
        ),
        referrer=_party(found.customer, found.ip_hash),
        referrer_of=chain_above(found.customer_id),
        traffic=Traffic(
            from_ip=count_from_ip(ip_hash, now=now),
            by_referrer=count_by_referrer(found.customer_id, now=now),
        ),
    )
    changed = attribute(given, programme=found.programme.to_core(), now=now)
    return _write(changed, found, customer, user=user, ip_hash=ip_hash)


def _one_at_a_time() -> None:
    """Let claims wait for each other: two at once could close a circle that neither sees."""
    first = ReferralProgramme.objects.order_by("pk").values("pk")[:1]
    ReferralProgramme.objects.filter(pk__in=first).update(updated_at=F("updated_at"))


def _take_use(code: str) -> ReferralCode:
    """Count one more use if the limit allows it; this also locks the code's row."""
    free = Q(max_uses=0) | Q(current_uses__lt=F("max_uses"))
    rows = ReferralCode.objects.filter(code=code, is_active=True)
    if not rows.filter(free).update(current_uses=F("current_uses") + 1):
        raise ReferralCodeUnusable
    found = rows.select_related("programme", "customer").get()
    found.current_uses -= 1  # Its own use is counted already, and the core asks for those before.
    return found


def _party(customer: Customer, ip_hash: str) -> Party:
    return Party(account=str(customer.pk), name=customer.name, email=customer.email, ip=ip_hash)


def _signed_up_at(customer: Customer, user: Any) -> datetime:
    joined = getattr(user, "date_joined", None) or getattr(user, "created_at", None)
    at: datetime = min(joined, customer.created_at) if joined else customer.created_at
    return at


def _referred_by(customer: Customer, user: Any) -> str:
    earlier = earlier_referral(customer, user=user)
    return earlier.reference if earlier else ""


def _write(
    changed: Changed, code: ReferralCode, customer: Customer, *, user: Any, ip_hash: str
) -> ReferralTransaction:
    referral = changed.referral
    row = ReferralTransaction(
        reference=referral.id,
        referral_code=code,
        programme=code.programme,
        referrer=code.customer,
        referred=customer,
        referred_user=user,
        status=referral.status,
        signals=[signal.value for signal in referral.signals],
        review_by=referral.review_by,
        due_at=next_due_at(referral, code.programme.to_core()),
        ip_hash=ip_hash,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as exc:
        raise AlreadyReferred from exc
    ReferralStep.objects.bulk_create(
        ReferralStep(referral=row, sequence=number, at=step.at, status=step.status, note=step.note)
        for number, step in enumerate(referral.history, start=1)
    )
    record_activity(user=user, activity="referral_code_applied", details={"code": code.code})
    record(*changed.events)
    return row


def _catch_up(row: ReferralTransaction, *, now: datetime) -> None:
    paid = Payment.objects.filter(customer_id=row.referred_id, state=PaymentState.SUCCEEDED)
    counted = [each for each in paid.order_by("pk") if not has_entry(late_money(each))]
    fresh = lock_parties(row) if counted else row
    for payment in counted:
        move(fresh, paid_by(payment), now=now)
        if payment.refunded_minor or payment.is_disputed:
            move(fresh, returned_of(payment), now=now)
