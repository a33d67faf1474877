"""One submission while it is judged: what several rules need is worked out once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from saaskit_core.moderation.rules.folding import MAX_TEXT, Folded, Span, fold
from saaskit_core.moderation.rules.links import Link, find_links
from saaskit_core.moderation.rules.marks import MARKS
from saaskit_core.moderation.rules.sketches import Sketch, sketch
from saaskit_core.moderation.rules.variants import simplified

if TYPE_CHECKING:
    from datetime import datetime

    from saaskit_core.moderation.rules.facts import Submission

WORD = re.compile(rf"[\w{MARKS}]+")
_ASCII_WORD = re.compile(r"[a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Match:
    """That a rule matched: where in the original text, and why in words."""

    explanation: str
    spans: tuple[Span, ...] = ()


class Reading:
    """A submission at an instant, with its text folded once. `text` is what rules read of it."""

    def __init__(self, submission: Submission, now: datetime) -> None:
        """Cut the text to what rules read."""
        self.submission = submission
        self.now = now
        self.text = submission.text[:MAX_TEXT]
        self.is_cut = len(submission.text) > MAX_TEXT

    @cached_property
    def folded(self) -> Folded:
        """The text as keywords are compared."""
        return fold(self.text)

    @cached_property
    def simplified(self) -> Folded:
        """The text as variants are compared."""
        return simplified(self.folded)

    @cached_property
    def words(self) -> frozenset[str]:
        """The folded words, each once."""
        text = self.folded.text
        return frozenset((_ASCII_WORD if text.isascii() else WORD).findall(text))

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """The links in the text."""
        return find_links(self.folded)

    @cached_property
    def sketch(self) -> Sketch:
        """What the text is recognised by."""
        return sketch(self.folded.text)

    def places(self, words: frozenset[str]) -> tuple[Span, ...]:
        """Return where these folded words stand in the original."""
        found = WORD.finditer(self.folded.text)
        return tuple(self.folded.span(*each.span()) for each in found if each.group() in words)
