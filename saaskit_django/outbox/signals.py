"""The one public signal, for host projects that like signals better than reactions."""

from __future__ import annotations

from django.dispatch import Signal

event_delivered = Signal()
"""Sent after commit for every event, at least once, with `message` (outbox.messages.Message).

A receiver that raises is reported and called again with the next attempt, so it must bear repeats.
"""
