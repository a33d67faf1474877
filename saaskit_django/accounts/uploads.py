"""Forms with a file: read whole, but never more than one logo and a few fields."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING, Any

from rest_framework.parsers import DataAndFiles, MultiPartParser

from saaskit_django.accounts.logos import MAX_BYTES
from saaskit_django.rest.bodies import read_body

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOM_FOR_FIELDS = 64 * 1024


class LogoFormParser(MultiPartParser):
    """Reads multipart/form-data of at most one logo's size."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> DataAndFiles[Any, Any]:
        """Read and parse. Raises BodyTooLarge."""
        request = (parser_context or {})["request"]
        body = read_body(request._request, limit=MAX_BYTES + ROOM_FOR_FIELDS)
        parsed: DataAndFiles[Any, Any] = super().parse(io.BytesIO(body), media_type, parser_context)
        return parsed
