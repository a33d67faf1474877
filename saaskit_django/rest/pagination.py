"""Lists: always a page, limit and offset, 20 rows unless asked, never more than 100."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from saaskit_django.rest.serializers import PAGING, InputSerializer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rest_framework.request import Request

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
MAX_OFFSET = 1_000_000_000

Row = TypeVar("Row")


class PageInput(InputSerializer):
    """Which rows of a list are wanted."""

    limit = serializers.IntegerField(min_value=1, max_value=MAX_LIMIT, default=DEFAULT_LIMIT)
    offset = serializers.IntegerField(min_value=0, max_value=MAX_OFFSET, default=0)


def paginated(
    request: Request,
    rows: QuerySet[Any, Row] | Sequence[Row],
    render: Callable[[Row], object],
    extra: Mapping[str, object] | None = None,
) -> Response:
    """Answer one page as `{count, next, previous, results}` plus `extra`.

    A query set must be ordered to the last tie. Raises ValidationError for a malformed limit or
    offset.
    """
    limit, offset = page_of(request)
    count = rows.count() if isinstance(rows, QuerySet) else len(rows)
    page = rows[offset : offset + limit]
    following = offset + limit if offset + limit < count else None
    preceding = max(0, offset - limit) if offset > 0 else None
    return Response(
        {
            "count": count,
            "next": _link(request, limit=limit, offset=following),
            "previous": _link(request, limit=limit, offset=preceding),
            "results": [render(row) for row in page],
            **(extra or {}),
        }
    )


def page_of(request: Request) -> tuple[int, int]:
    """Return (limit, offset). Raises ValidationError when one is malformed or out of range."""
    given = {name: request.query_params[name] for name in PAGING & request.query_params.keys()}
    page = PageInput(data=given)
    page.is_valid(raise_exception=True)
    return page.validated_data["limit"], page.validated_data["offset"]


def _link(request: Request, *, limit: int, offset: int | None) -> str | None:
    if offset is None:
        return None
    url = replace_query_param(request.build_absolute_uri(), "limit", limit)
    return replace_query_param(url, "offset", offset)
