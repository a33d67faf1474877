"""Admin pages of the audit trail and the activities."""

from __future__ import annotations

from django.contrib import admin

from saaskit_django.audit.models import ActivityLog, AuditLog
from saaskit_django.rest.read_only_admin import ReadOnlyAdmin


@admin.register(AuditLog)
class AuditLogAdmin(ReadOnlyAdmin):
    """Shows who changed what."""

    list_display = ("recorded_at", "actor", "action", "table_affected", "record_id", "position")
    list_filter = ("action", "table_affected")
    search_fields = ("record_id", "actor", "request_id")


@admin.register(ActivityLog)
class ActivityLogAdmin(ReadOnlyAdmin):
    """Shows what users did."""

    list_display = ("activity_date", "user", "activity_type", "ip")
    list_filter = ("activity_type",)
    list_select_related = ("user",)
    search_fields = ("request_id", "ip")
