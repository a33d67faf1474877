"""A URL configuration without our routes."""

from __future__ import annotations

urlpatterns: list[object] = []
