"""Idempotency keys: a request sent again with the same key has one effect and one answer.

Without the header the work simply runs: it derives its own keys from what it is about. With it,
the first request takes the key (one INSERT), works, and stores its answer; the same request again
replays that answer, another body is refused with 422, and one that is still in flight with 409. A
key whose holder vanished is taken over, and the work runs again: the work itself is idempotent.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, models, transaction
from rest_framework.response import Response

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_django import clock
from saaskit_django.conf import conf
from saaskit_django.rest.bodies import PlainJSONRenderer
from saaskit_django.rest.models import IdempotencyKey
from saaskit_django.rest.problems import CONTENT_TYPE, problem_of, respond
from saaskit_django.rest.request_ids import request_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.request import Request

HEADER = "HTTP_IDEMPOTENCY_KEY"
REPLAYED = "Idempotent-Replayed"
LONGEST_KEY = 255
LOCKED_FOR = timedelta(minutes=2)
KEPT_HEADERS = ("Location", "Content-Language")
DECLINED = 402


class IdempotencyKeyInvalid(SaasKitError):
    """The header is there, but it is not a key."""

    code = "idempotency_key_invalid"
    template = "An Idempotency-Key has 1 to 255 printable ASCII characters."


class IdempotencyKeyReused(SaasKitError):
    """The key was used for another request."""

    code = "idempotency_key_reused"
    kind = ErrorKind.UNPROCESSABLE
    template = "This Idempotency-Key was used for another request."


class RequestInFlight(SaasKitError):
    """The first request with this key has not been answered yet."""

    code = "request_in_flight"
    kind = ErrorKind.CONFLICT
    template = "A request with this Idempotency-Key is being worked on; try again in a moment."
    retry_after = 1


def run_idempotent(request: Request, scope: str, work: Callable[[], Response]) -> Response:
    """Run `work` once per Idempotency-Key within `scope`, such as "user:7".

    Stored and replayed are successes and declines (402); after anything else the key is free again.
    Raises IdempotencyKeyInvalid, IdempotencyKeyReused or RequestInFlight.
    """
    key = request.META.get(HEADER)
    if key is None:
        return work()
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise IdempotencyKeyInvalid
    token = secrets.token_hex(16)
    kept = _take(scope=scope, key=key, fingerprint=_fingerprint(request), token=token)
    if kept is not None:
        return _replay(kept)
    return _run(request, work, mine=models.Q(scope=scope, key=key, locked_by=token))


def purge_expired(*, now: datetime) -> int:
    """Delete the keys whose time is over; return how many."""
    return IdempotencyKey.objects.filter(expires_at__lte=now).delete()[0]


def _run(request: Request, work: Callable[[], Response], *, mine: models.Q) -> Response:
    try:
        response = work()
    except SaasKitError as exc:
        if exc.kind is not ErrorKind.DECLINED:
            _release(mine)
            raise
        response = respond(problem_of(exc), instance=request_id(request))
        response.exception = True
    except BaseException:
        _release(mine)
        raise
    if response.status_code < 300 or response.status_code == DECLINED:
        _store(mine, response)
    else:
        _release(mine)
    return response


def _take(*, scope: str, key: str, fingerprint: str, token: str) -> IdempotencyKey | None:
    """Take the key for `token`, or return the stored answer."""
    now = clock.now()
    taken = {
        "fingerprint": fingerprint,
        "locked_by": token,
        "locked_at": now,
        "expires_at": now + timedelta(hours=conf().idempotency_hours),
    }
    try:
        with transaction.atomic():
            IdempotencyKey.objects.create(scope=scope, key=key, created_at=now, **taken)
            return None
    except IntegrityError:
        pass
    row = IdempotencyKey.objects.filter(scope=scope, key=key).first()
    if row is None:
        raise RequestInFlight
    if row.expires_at > now and row.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    if row.status is not None and row.expires_at > now:
        return row
    free = models.Q(expires_at__lte=now) | models.Q(locked_at__lte=now - LOCKED_FOR)
    fresh = {**taken, "status": None, "body": "", "headers": {}, "created_at": now}
    if not IdempotencyKey.objects.filter(free, pk=row.pk).update(**fresh):
        raise RequestInFlight
    return None


def _store(mine: models.Q, response: Response) -> None:
    IdempotencyKey.objects.filter(mine).update(
        status=response.status_code,
        body=PlainJSONRenderer().render(response.data).decode(),
        headers={name: response[name] for name in KEPT_HEADERS if response.has_header(name)},
        locked_by="",
        locked_at=None,
    )


def _release(mine: models.Q) -> None:
    IdempotencyKey.objects.filter(mine).delete()


def _replay(row: IdempotencyKey) -> Response:
    headers = {**row.headers, REPLAYED: "true"}
    data = json.loads(row.body) if row.body else None
    declined = row.status == DECLINED
    kind = CONTENT_TYPE if declined else None
    return Response(data, status=row.status, headers=headers, content_type=kind)


def _fingerprint(request: Request) -> str:
    """Hash what makes a request the same: who, method, path, query and the body's meaning."""
    who = getattr(request.user, "pk", None)
    parts = {
        "who": str(who),
        "method": request.method,
        "path": request.path,
        "query": sorted(request.query_params.lists()),
        "customer": request.META.get("HTTP_X_CUSTOMER", ""),
        "body": request.data,
    }
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
