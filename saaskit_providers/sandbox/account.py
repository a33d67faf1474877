"""What all capabilities of the sandbox stand on: books, keys, clock, scripted behaviour."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from saaskit_core.provider_errors import (
    IdempotencyConflict,
    InvalidProviderRequest,
    Outcome,
    ProviderConfigurationError,
    ProviderObjectNotFound,
    ProviderRateLimited,
    ProviderUnavailable,
)
from saaskit_core.testing.behaviours import Behaviour, Effect, Operation
from saaskit_providers.sandbox import books
from saaskit_providers.sandbox.methods import behaviour_of, is_token
from saaskit_providers.sandbox.records import CustomerRecord, MethodRecord, Record
from saaskit_providers.sandbox.store import Store

if TYPE_CHECKING:
    from saaskit_providers.sandbox.settings import SandboxSettings

R = TypeVar("R", bound=Record)

LONGEST_KEY = 255
RETRY_AFTER = timedelta(seconds=2)
_NOT_DONE = frozenset({Effect.TIME_OUT_BEFORE, Effect.UNREACHABLE, Effect.RATE_LIMIT})


def now_utc() -> datetime:
    """Return the present instant: a provider's clock is its own, as a real one's is."""
    return datetime.now(UTC)  # noqa: TID251 (the plugin's edge)


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A payment method found: the test token that says how it behaves, and its id when saved."""

    token: str
    saved_id: str = ""

    @property
    def ref(self) -> str:
        """Return what the caller knows it by."""
        return self.saved_id or self.token


class SandboxAccount:
    """State and plumbing; the capabilities are added by the classes that extend it."""

    def __init__(
        self,
        settings: SandboxSettings,
        *,
        name: str = "sandbox",
        clock: Callable[[], datetime] = now_utc,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Keep what was given; the file is opened when it is first needed."""
        self._settings = settings
        self._name = name
        self._clock = clock
        self._sleep = sleep
        self._store = Store(settings.path)

    def __repr__(self) -> str:
        """Name the alias and nothing of the settings."""
        return f"<{type(self).__name__} {self._name!r}>"

    @property
    def name(self) -> str:
        """Return the alias it was configured under."""
        return self._name

    def check_configuration(self) -> None:
        """Make sure that the file can be written. Raises ProviderConfigurationError."""
        try:
            self._store.secret()
        except (OSError, sqlite3.Error):
            raise ProviderConfigurationError(
                provider=self._name, problem="the file named by path can't be written"
            ) from None

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._store.close()

    def _stored_secret(self) -> str:
        try:
            return self._store.secret()
        except (OSError, sqlite3.Error) as exc:
            raise self._unavailable(Outcome.NOT_SENT, "books") from exc

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._store.write() as db:
                yield db
        except (OSError, sqlite3.Error) as exc:
            raise self._unavailable(Outcome.UNKNOWN, "books") from exc

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._store.read() as db:
                yield db
        except (OSError, sqlite3.Error) as exc:
            raise self._unavailable(Outcome.NOT_SENT, "books") from exc

    def _once(
        self,
        key: str,
        request: Mapping[str, object],
        *,
        model: type[R],
        choose: Callable[[sqlite3.Connection], Behaviour],
        work: Callable[[sqlite3.Connection, Behaviour], R],
    ) -> R:
        """Do the work once per key; a known key gets the first answer again.

        `choose` refuses bad requests and says how it shall go; only then `work` is done, in the
        same transaction. Raises IdempotencyConflict and what the behaviour demands.
        """
        if not 0 < len(key) <= LONGEST_KEY:
            raise InvalidProviderRequest(provider=self._name, provider_code="idempotency_key")
        fingerprint = _fingerprint(request)
        self._wait(self._settings.latency_ms)
        with self._writing() as db:
            known = books.answer_to(db, key)
            if known and known.fingerprint != fingerprint:
                raise IdempotencyConflict(provider=self._name, provider_code="key_reused")
            if known:
                return model.model_validate_json(known.body)
            behaviour = choose(db)
            done = None if behaviour.effect in _NOT_DONE else work(db, behaviour)
            if done is not None:
                answer = books.Answer(fingerprint=fingerprint, body=done.model_dump_json())
                books.keep_answer(db, key, answer)
        self._wait(behaviour.delay_ms)
        if done is None or behaviour.effect is Effect.TIME_OUT_AFTER:
            raise self._no_answer(behaviour.effect)
        return done

    def _scripted(self, db: sqlite3.Connection, operation: Operation) -> Behaviour:
        return books.take_script(db, operation=operation) or Behaviour()

    def _charging(self, db: sqlite3.Connection, method: Method, *, customer: str) -> Behaviour:
        charges = books.charges_of(db, token=method.token, customer=customer)
        usual = behaviour_of(method.token, charges=charges)
        if usual is None:
            raise ProviderObjectNotFound(provider=self._name, provider_code="unknown_method")
        scripted = books.take_script(
            db, operation=Operation.CHARGE, methods=(method.token, method.ref)
        )
        return scripted or usual

    def _method(self, db: sqlite3.Connection, method_ref: str, *, customer: str) -> Method:
        if is_token(method_ref):
            return Method(token=method_ref)
        saved = books.get(db, MethodRecord, method_ref)
        if saved is None or saved.is_detached or saved.reference != customer:
            raise ProviderObjectNotFound(provider=self._name, provider_code="unknown_method")
        return Method(token=saved.token, saved_id=saved.id)

    def _know_customer(self, db: sqlite3.Connection, customer: str) -> None:
        if customer and books.get(db, CustomerRecord, customer) is None:
            raise ProviderObjectNotFound(provider=self._name, provider_code="unknown_customer")

    def _wait(self, milliseconds: int) -> None:
        if milliseconds:
            self._sleep(milliseconds / 1000)

    def _no_answer(self, effect: Effect) -> ProviderRateLimited | ProviderUnavailable:
        if effect is Effect.RATE_LIMIT:
            return ProviderRateLimited(provider=self._name, retry_after=RETRY_AFTER)
        outcome = Outcome.NOT_SENT if effect is Effect.UNREACHABLE else Outcome.UNKNOWN
        return self._unavailable(outcome, str(effect))

    def _unavailable(self, outcome: Outcome, code: str) -> ProviderUnavailable:
        return ProviderUnavailable(provider=self._name, outcome=outcome, provider_code=code)


def _fingerprint(request: Mapping[str, object]) -> str:
    plain = json.dumps(request, sort_keys=True, default=_plain)
    return hashlib.sha256(plain.encode()).hexdigest()


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)
