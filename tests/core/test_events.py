import json
from dataclasses import dataclass
from datetime import UTC, datetime

from saaskit_core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened(Event):
    topic = "thing.happened"

    amount_minor: int
    note: str | None = None


def test_the_payload_is_json():
    event = Happened(
        aggregate="thing:1", occurred_at=datetime(2024, 1, 1, tzinfo=UTC), amount_minor=5
    )
    assert json.loads(json.dumps(event.payload())) == {
        "aggregate": "thing:1",
        "occurred_at": "2024-01-01T00:00:00+00:00",
        "amount_minor": 5,
        "note": None,
    }
