"""Views that misbehave in every way a view can, routed for the tests of the REST edge."""

from __future__ import annotations

import time
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError, transaction
from django.http import Http404
from django.urls import path
from rest_framework import exceptions, serializers
from rest_framework.response import Response

from saaskit_core.provider_errors import DeclineReason, PaymentDeclined
from saaskit_django.customers.permissions import (
    IsAdmin,
    IsModerator,
    IsScheduler,
    MayMoveMoney,
)
from saaskit_django.notifications.models import Notification
from saaskit_django.rest.errors import TooManyRequests
from saaskit_django.rest.fields import (
    CurrencyField,
    DayField,
    IdField,
    InstantField,
    MoneyField,
    UserIdField,
)
from saaskit_django.rest.idempotency import run_idempotent
from saaskit_django.rest.pagination import paginated
from saaskit_django.rest.permissions import Anyone
from saaskit_django.rest.serializers import InputSerializer, body_of, query_of
from saaskit_django.rest.views import SaasKitView


class Slow(TooManyRequests):
    code = "slow_down_for_tests"
    retry_after = 12.3
    problem_type = "https://example.com/slow"
    problem_members = {"limit": 7}


def declined() -> Exception:
    return PaymentDeclined(provider="x", reason=DeclineReason.EXPIRED_CARD)


FAILURES: dict[str, Any] = {
    "404": Http404,
    "403": PermissionDenied,
    "suspicious": SuspiciousOperation,
    "busy": lambda: OperationalError("database is locked at /var/secret"),
    "bug": lambda: RuntimeError("a secret detail"),
    "throttled": lambda: exceptions.Throttled(wait=7),
    "slow": Slow,
    "declined": declined,
    "teapot": lambda: type("Teapot", (exceptions.APIException,), {"status_code": 418})(),
}


class Fail(SaasKitView):
    permission_classes = (Anyone,)

    def get(self, request: Any, how: str) -> Response:
        raise FAILURES[how]()


class EchoInput(InputSerializer):
    text = serializers.CharField(required=False)
    number = serializers.IntegerField(required=False)
    flag = serializers.BooleanField(required=False)
    at = InstantField(required=False)
    day = DayField(required=False)
    amount = MoneyField(required=False)
    currency = CurrencyField(required=False)
    row = IdField(required=False)
    user_id = UserIdField(required=False)
    anything = serializers.JSONField(required=False)
    names = serializers.ListField(child=serializers.CharField(max_length=5), required=False)
    owner = serializers.CharField(read_only=True)


class Echo(SaasKitView):
    permission_classes = (Anyone,)

    def post(self, request: Any) -> Response:
        given = body_of(request, EchoInput)
        return Response({name: repr(value) for name, value in given.items()})

    def get(self, request: Any) -> Response:
        query_of(request, EchoInput)
        return paginated(request, range(45), str, {"total": "1.00"})


class Atomic(SaasKitView):
    permission_classes = (Anyone,)

    def get(self, request: Any) -> Response:
        return Response({"is_atomic": transaction.get_connection().in_atomic_block})


class Buy(SaasKitView):
    """Has one effect per run: a row. `how` in the body says how it ends."""

    def post(self, request: Any) -> Response:
        return run_idempotent(request, f"user:{request.user.pk}", lambda: self._work(request))

    def _work(self, request: Any) -> Response:
        row = Notification.objects.create(
            user=request.user, title="bought", message="", type="System"
        )
        time.sleep(request.data.get("seconds", 0))
        match request.data.get("how"):
            case "declined":
                raise declined()
            case "bug":
                raise RuntimeError
            case "invalid":
                raise exceptions.ValidationError({"how": "no"})
            case "conflict":
                return Response({"code": "conflict"}, status=409)
        return Response({"id": row.pk}, status=201, headers={"Location": f"/rows/{row.pk}/"})


class ForScheduler(SaasKitView):
    accepts_scheduler = True
    permission_classes = (IsScheduler,)

    def post(self, request: Any) -> Response:
        return Response({"who": str(request.user)})


class ForUsers(SaasKitView):
    accepts_scheduler = True

    def post(self, request: Any) -> Response:
        return Response({})


class ForAdmins(SaasKitView):
    permission_classes = (IsAdmin,)

    def get(self, request: Any) -> Response:
        return Response({})


class ForModerators(SaasKitView):
    permission_classes = (IsModerator,)

    def get(self, request: Any) -> Response:
        return Response({})


class ForPayers(SaasKitView):
    permission_classes = (MayMoveMoney,)

    def get(self, request: Any) -> Response:
        return Response({})


urlpatterns = [
    path("fail/<str:how>/", Fail.as_view()),
    path("echo/", Echo.as_view()),
    path("atomic/", Atomic.as_view()),
    path("buy/", Buy.as_view()),
    path("scheduler/", ForScheduler.as_view()),
    path("users/", ForUsers.as_view()),
    path("admins/", ForAdmins.as_view()),
    path("moderators/", ForModerators.as_view()),
    path("payers/", ForPayers.as_view()),
]
