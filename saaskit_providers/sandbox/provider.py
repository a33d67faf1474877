"""The sandbox provider: its capabilities put together, and the strings to pull in tests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from saaskit_core.provider_errors import DeclineReason
from saaskit_core.providers import Limits, PaymentResult
from saaskit_core.testing.behaviours import Behaviour, Operation
from saaskit_providers.sandbox import books
from saaskit_providers.sandbox.account import now_utc
from saaskit_providers.sandbox.payments import SandboxPayments
from saaskit_providers.sandbox.records import PaymentRecord, PaymentWord
from saaskit_providers.sandbox.refunds import SandboxRefunds
from saaskit_providers.sandbox.saved_methods import SandboxSavedMethods
from saaskit_providers.sandbox.settings import SandboxSettings
from saaskit_providers.sandbox.webhooks import SandboxWebhooks
from saaskit_providers.sandbox.wire import TYPE_NAME

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from datetime import datetime


class SandboxProvider(SandboxPayments, SandboxSavedMethods, SandboxRefunds, SandboxWebhooks):
    """Moves no money. What it is told to do by `script` holds for every process with its file."""

    type_name: ClassVar[str] = TYPE_NAME
    display_name: ClassVar[str] = "Sandbox"
    settings_model: ClassVar[type[SandboxSettings]] = SandboxSettings
    is_production_ready: ClassVar[bool] = False

    def __init__(
        self,
        settings: SandboxSettings,
        *,
        name: str = TYPE_NAME,
        clock: Callable[[], datetime] = now_utc,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Keep what was given; the file is opened when it is first needed."""
        super().__init__(settings, name=name, clock=clock, sleep=sleep)
        self.limits = Limits(minimum=dict(settings.minimum))

    def script(
        self,
        *behaviours: Behaviour,
        operation: Operation = Operation.CHARGE,
        method: str = "",
    ) -> None:
        """Queue how the next operations go, with any method or with that test or saved one."""
        with self._writing() as db:
            for behaviour in behaviours:
                books.add_script(db, behaviour, operation=operation, method=method)

    def approve(self, transaction_id: str) -> PaymentResult:
        """Let an open payment succeed, as when the payer has authenticated.

        Raises InvalidProviderState when it is over.
        """
        return self._settle(transaction_id, self._succeed)

    def reject(
        self, transaction_id: str, *, reason: DeclineReason = DeclineReason.PAYER_CANCELED
    ) -> PaymentResult:
        """Let an open payment fail. Raises InvalidProviderState when it is over."""

        def fail(db: sqlite3.Connection, known: PaymentRecord) -> PaymentRecord:
            return self._change(
                db, known, status=PaymentWord.FAILED, decline_reason=DeclineReason(reason).value
            )

        return self._settle(transaction_id, fail)

    def payments(self, *, reference: str | None = None) -> tuple[PaymentResult, ...]:
        """Return every payment in the books, or those for one `reference`, the oldest first."""
        with self._reading() as db:
            found = (
                books.every(db, PaymentRecord)
                if reference is None
                else books.by_reference(db, PaymentRecord, reference)[::-1]
            )
        return tuple(self._payment(record) for record in found)

    def _settle(
        self,
        transaction_id: str,
        change: Callable[[sqlite3.Connection, PaymentRecord], PaymentRecord],
    ) -> PaymentResult:
        with self._writing() as db:
            return self._payment(change(db, self._found_open(db, transaction_id)))
