"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "saaskit_django.payments"
    label = "saaskit_payments"
    verbose_name = "SaaSKit: payments"
    default_auto_field = "django.db.models.BigAutoField"
