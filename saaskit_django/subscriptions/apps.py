"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "saaskit_django.subscriptions"
    label = "saaskit_subscriptions"
    verbose_name = "SaaSKit: subscriptions"
    default_auto_field = "django.db.models.BigAutoField"
