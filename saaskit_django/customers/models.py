"""Who is billed (Customer, Membership) and what we know of any user (Profile)."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from saaskit_core.customers import CustomerKind, MembershipRole, Role


def _choices(kind: type[CustomerKind | MembershipRole | Role]) -> list[tuple[str, str]]:
    return [(member.value, member.value) for member in kind]


class Customer(models.Model):
    """Everything money-like hangs on a customer: a person by default, or an organisation.

    `clock_offset` moves this customer's billing time, for tests with the sandbox. A parked customer
    is charged nothing until somebody has looked. `lock_version` grows each time the row is locked.
    """

    kind = models.CharField(max_length=20, choices=_choices(CustomerKind))
    name = models.CharField(max_length=255, blank=True)
    email = models.EmailField(max_length=254, blank=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="saaskit_customer",
    )
    currency = models.CharField(max_length=3)
    timezone = models.CharField(max_length=64, default="UTC")
    country = models.CharField(max_length=2, blank=True)
    clock_offset = models.DurationField(default=timedelta)
    parked_at = models.DateTimeField(null=True, blank=True)
    parked_reason = models.CharField(max_length=255, blank=True)
    lock_version = models.PositiveBigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="personal", user__isnull=False)
                | Q(kind="organisation", user__isnull=True),
                name="saaskit_customer_person_has_user",
            ),
            models.CheckConstraint(
                condition=Q(currency__gt=""), name="saaskit_customer_has_currency"
            ),
            models.CheckConstraint(
                condition=Q(parked_at__isnull=False) | Q(parked_reason=""),
                name="saaskit_customer_parked_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email or f"customer {self.pk}"

    @property
    def reference(self) -> str:
        """The customer as an event's aggregate."""
        return f"customer:{self.pk}"

    @property
    def is_parked(self) -> bool:
        """Whether nothing may be charged until somebody has looked."""
        return self.parked_at is not None


class Membership(models.Model):
    """A user's place in an organisation."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saaskit_memberships"
    )
    role = models.CharField(
        max_length=10, choices=_choices(MembershipRole), default=MembershipRole.MEMBER.value
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "user"], name="saaskit_membership_once"),
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in MembershipRole]),
                name="saaskit_membership_role_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.customer_id}: {self.role}"


class ProviderCustomer(models.Model):
    """What a payment provider calls a customer."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="provider_refs")
    provider = models.CharField(max_length=64)
    ref = models.CharField(max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "provider"], name="saaskit_provider_customer_once"
            ),
            models.UniqueConstraint(
                fields=["provider", "ref"], name="saaskit_provider_customer_ref_once"
            ),
            models.CheckConstraint(condition=Q(ref__gt=""), name="saaskit_provider_customer_ref"),
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.ref}"


class Profile(models.Model):
    """What we keep of a user beside the host's own user model. A missing row means the defaults."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saaskit_profile"
    )
    role = models.CharField(max_length=10, choices=_choices(Role), default=Role.USER.value)
    preferred_language = models.CharField(max_length=16, blank=True)
    timezone = models.CharField(max_length=64, default="UTC")
    phone = models.CharField(max_length=32, blank=True)
    organization = models.CharField(max_length=255, blank=True)
    address = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=100, blank=True)
    zipcode = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=100, blank=True)
    logo = models.FileField(upload_to="saaskit/logos/", blank=True)
    fcm_token = models.CharField(max_length=512, blank=True)
    session_epoch = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in Role]),
                name="saaskit_profile_role_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role}"
