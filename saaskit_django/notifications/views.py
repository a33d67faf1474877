"""The endpoints of a user's notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.response import Response

from saaskit_core.customers import Role
from saaskit_core.notifications import NotificationType
from saaskit_django.customers.selectors import role_of, user_by_id
from saaskit_django.notifications import services
from saaskit_django.notifications.selectors import notifications_of
from saaskit_django.notifications.serializers import (
    NotificationFilter,
    NotificationInput,
    notification_data,
)
from saaskit_django.rest.errors import PermissionRefused
from saaskit_django.rest.pagination import paginated
from saaskit_django.rest.serializers import NoInput, body_of, query_of
from saaskit_django.rest.views import SaasKitView

if TYPE_CHECKING:
    from rest_framework.request import Request


class CreateNotification(SaasKitView):
    """Notify oneself, or as an admin anyone."""

    def post(self, request: Request) -> Response:
        """Create one notification."""
        given = body_of(request, NotificationInput)
        row = services.create_notification(
            user=_recipient(request, given.get("user_id")),
            title=given["title"],
            message=given["message"],
            type=NotificationType(given["type"]),
        )
        return Response(notification_data(row), status=201)


class ListNotifications(SaasKitView):
    """One's own notifications."""

    def get(self, request: Request) -> Response:
        """List them, newest first."""
        wanted = query_of(request, NotificationFilter)
        rows = notifications_of(
            request.user, is_read=wanted.get("is_read"), kind=wanted.get("type")
        )
        return paginated(request, rows, notification_data)


class DeleteNotification(SaasKitView):
    """One of one's notifications."""

    def delete(self, request: Request, notification_id: int) -> Response:
        """Delete it."""
        body_of(request, NoInput)
        services.delete_notification(user=request.user, notification_id=notification_id)
        return Response(status=204)


class ClearNotifications(SaasKitView):
    """All of one's notifications."""

    def delete(self, request: Request) -> Response:
        """Delete them."""
        body_of(request, NoInput)
        return Response({"count": services.clear_all(user=request.user)})


class ReadNotification(SaasKitView):
    """One of one's notifications."""

    def patch(self, request: Request, notification_id: int) -> Response:
        """Mark it as read."""
        body_of(request, NoInput)
        row = services.mark_as_read(user=request.user, notification_id=notification_id)
        return Response(notification_data(row))

    put = patch


def _recipient(request: Request, user_id: Any) -> Any:
    """A foreign id by a non-admin is refused, whether or not it exists."""
    if user_id is None or user_id == request.user.pk:
        return request.user
    if role_of(request.user) is not Role.ADMIN:
        raise PermissionRefused
    return user_by_id(user_id)
