"""The host's own view and its own error answers."""

from __future__ import annotations

from django.db import transaction
from rest_framework.exceptions import NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView


def teapot(exc, context):
    return Response({"short": "and stout"}, status=418)


class TeaView(APIView):
    renderer_classes = [JSONRenderer]
    throttle_classes = []

    def get(self, request):
        if "pot" in request.query_params:
            raise NotFound
        return Response(
            {"is_atomic": transaction.get_connection().in_atomic_block, "user": str(request.user)}
        )
