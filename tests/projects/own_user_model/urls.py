"""The routes of this host project: ours below another prefix, its own beside them."""

from __future__ import annotations

from django.urls import include, path

from tests.projects.own_user_model.people.views import TeaView

urlpatterns = [
    path("saas/v9/", include("saaskit_django.urls")),
    path("tea/", TeaView.as_view()),
]
