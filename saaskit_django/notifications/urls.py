"""Where the notifications are, below the core prefix."""

from __future__ import annotations

from django.urls import path

from saaskit_django.notifications import views

core_urls = [
    path("notifications/create/", views.CreateNotification.as_view(), name="notification-create"),
    path("notifications/list/", views.ListNotifications.as_view(), name="notification-list"),
    path(
        "notifications/<int:notification_id>/delete/",
        views.DeleteNotification.as_view(),
        name="notification-delete",
    ),
    path("notifications/clear-all/", views.ClearNotifications.as_view(), name="notification-clear"),
    path(
        "notifications/<int:notification_id>/mark-as-read/",
        views.ReadNotification.as_view(),
        name="notification-read",
    ),
]
