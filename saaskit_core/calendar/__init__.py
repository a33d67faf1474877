"""Calendars: events that repeat, when they take place, and what is due.

Wall-clock time is kept across daylight saving in the event's own zone. Nothing reads a clock:
`now` is an argument.
"""

from __future__ import annotations

from saaskit_core.calendar.events import (
    CalendarEvent,
    EventCategory,
    EventType,
    InvalidEvent,
    Moved,
    Occurrence,
)
from saaskit_core.calendar.occurrences import (
    DueReminder,
    InvalidReminder,
    due_reminders,
    next_occurrence,
    occurrences,
    occurrences_from,
)
from saaskit_core.calendar.rule_text import parse_rule, rule_text
from saaskit_core.calendar.rules import (
    DayOfWeek,
    EventFrequency,
    Frequency,
    InvalidRecurrence,
    Rule,
    Weekday,
)

__all__ = [
    "CalendarEvent",
    "DayOfWeek",
    "DueReminder",
    "EventCategory",
    "EventFrequency",
    "EventType",
    "Frequency",
    "InvalidEvent",
    "InvalidRecurrence",
    "InvalidReminder",
    "Moved",
    "Occurrence",
    "Rule",
    "Weekday",
    "due_reminders",
    "next_occurrence",
    "occurrences",
    "occurrences_from",
    "parse_rule",
    "rule_text",
]
