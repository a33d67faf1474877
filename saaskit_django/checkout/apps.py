"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class CheckoutConfig(AppConfig):
    name = "saaskit_django.checkout"
    label = "saaskit_checkout"
    verbose_name = "SaaSKit: checkout"
    default_auto_field = "django.db.models.BigAutoField"
