"""The demo's routes: the library under /api/, the admin, the API's documentation, one own view."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView

from examples.demo.views import export

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("saaskit_django.urls")),
    path("export/<str:feature>/", export, name="export"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("swagger/", SpectacularSwaggerView.as_view(url_name="schema"), name="swagger"),
    path("redoc/", SpectacularRedocView.as_view(url_name="schema"), name="redoc"),
]
