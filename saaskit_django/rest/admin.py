"""Admin pages of the idempotency keys: to look at, not to edit."""

from __future__ import annotations

from django.contrib import admin

from saaskit_django.rest.models import IdempotencyKey
from saaskit_django.rest.read_only_admin import ReadOnlyAdmin


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnlyAdmin):
    """Shows who holds a key and what was answered."""

    list_display = ("scope", "key", "status", "locked_at", "expires_at")
    search_fields = ("key", "scope")
    exclude = ("body",)
