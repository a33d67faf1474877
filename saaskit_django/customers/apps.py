"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "saaskit_django.customers"
    label = "saaskit_customers"
    verbose_name = "SaaSKit: customers"
    default_auto_field = "django.db.models.BigAutoField"
