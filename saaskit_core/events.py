"""Domain events: what happened, as values. The core returns them, the shell delivers them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened at an instant to one aggregate ("subscription:42").

    Subclasses add JSON-able fields (str, int, bool, None, lists of those; ids and amounts in minor
    units, never objects) and set `topic`, the stable wire name such as "payment.succeeded".
    """

    topic: ClassVar[str] = "event"

    aggregate: str
    occurred_at: datetime

    def payload(self) -> dict[str, object]:
        """Return the fields as JSON values; `occurred_at` in ISO 8601."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in fields.items()
        }
