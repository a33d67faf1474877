"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "saaskit_django.plans"
    label = "saaskit_plans"
    verbose_name = "SaaSKit: plans"
    default_auto_field = "django.db.models.BigAutoField"
