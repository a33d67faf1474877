"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "saaskit_django.billing"
    label = "saaskit_billing"
    verbose_name = "SaaSKit: billing"
    default_auto_field = "django.db.models.BigAutoField"
