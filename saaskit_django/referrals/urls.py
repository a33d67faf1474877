"""Where referrals are."""

from __future__ import annotations

from django.urls import path

from saaskit_django.referrals import views

core_urls = [
    path("referrals/generate/", views.GenerateCode.as_view(), name="referral-generate"),
    path("referrals/apply/", views.ApplyCode.as_view(), name="referral-apply"),
    path("referrals/stats/", views.Stats.as_view(), name="referral-stats"),
]
