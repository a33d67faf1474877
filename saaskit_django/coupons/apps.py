"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class CouponsConfig(AppConfig):
    name = "saaskit_django.coupons"
    label = "saaskit_coupons"
    verbose_name = "SaaSKit: coupons"
    default_auto_field = "django.db.models.BigAutoField"
