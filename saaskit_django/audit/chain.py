"""The chain of hashes: what an entry's hash covers."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saaskit_django.audit.models import AuditLog


def hash_of(entry: AuditLog) -> str:
    """Return the SHA-256 over everything the entry says, its place and the hash before it."""
    content = {
        "position": entry.position,
        "previous": entry.previous_hash,
        "actor": entry.actor,
        "on_behalf_of": entry.on_behalf_of,
        "action": entry.action,
        "table": entry.table_affected,
        "record": entry.record_id,
        "before": entry.before,
        "after": entry.after,
        "request": entry.request_id,
        "at": entry.recorded_at.astimezone(UTC).isoformat(),
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
