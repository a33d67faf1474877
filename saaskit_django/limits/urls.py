"""Where the limits are, below the core prefix."""

from __future__ import annotations

from django.urls import path

from saaskit_django.limits import views

core_urls = [
    path("subscription/limits/", views.MyLimits.as_view(), name="subscription-limits"),
]
