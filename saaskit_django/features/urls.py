"""Where the features are, below the core prefix."""

from __future__ import annotations

from django.urls import path

from saaskit_django.features import views

core_urls = [
    path("features/", views.MyFeatures.as_view(), name="feature-list"),
]
