"""The app's configuration. It brings a periodic job, and what checkout does with a code."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig

from saaskit_django import registry
from saaskit_django.jobs import MINUTE, Job

SERVICES = "saaskit_django.referrals.services"


class ReferralsConfig(AppConfig):
    name = "saaskit_django.referrals"
    label = "saaskit_referrals"
    verbose_name = "SaaSKit: referrals"
    default_auto_field = "django.db.models.BigAutoField"
    saaskit_jobs = (
        Job(
            name="reward_referrals",
            app=name,
            every=15 * MINUTE,
            function=f"{SERVICES}.sweep.reward_referrals",
            jitter=MINUTE,
        ),
    )

    def ready(self) -> None:
        """Register the system checks, and hook into purchases and into erasing."""
        import_module("saaskit_django.referrals.checks")
        registry.contribute(registry.REFERRAL_CLAIMS, f"{SERVICES}.claims.claim_for_purchase")
        registry.contribute(registry.ERASERS, f"{SERVICES}.erasure.erase_user")
