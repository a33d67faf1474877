"""The settings: `settings.SAASKIT` parsed into one frozen, typed object, read at first use.

from saaskit_django.conf import conf

conf().default_currency
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Annotated, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.crypto import salted_hmac
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
    field_validator,
    model_validator,
)

from saaskit_core.errors import SaasKitError
from saaskit_core.money import exponent
from saaskit_core.subscriptions.policies import Policies

Count = Annotated[StrictInt, Field(ge=0)]
Positive = Annotated[StrictInt, Field(ge=1)]


class Section(BaseModel):
    """A part of the settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True
    )


class Dispatch(StrEnum):
    """Who delivers what the outbox holds once a transaction has committed."""

    INLINE = "inline"
    WORKER = "worker"
    CELERY = "celery"


class Counters(StrEnum):
    """Where limits are counted: the database is exact for all processes, memory for one alone."""

    DATABASE = "database"
    MEMORY = "memory"


class RateLimitHeaders(StrEnum):
    """Which rate-limit headers answers carry: the IETF draft's, the older X- ones, both or none."""

    DRAFT = "draft"
    LEGACY = "legacy"
    BOTH = "both"
    NONE = "none"


class PluginEntry(Section):
    """One configured provider or notifier: its type and the settings of its own, unread so far."""

    type: StrictStr
    settings: dict[str, Any] = Field(default_factory=dict, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, Mapping) or "type" not in value:
            raise ValueError('it needs a dict with "type" and the settings of that type')
        return {
            "type": value["type"],
            "settings": {str(key).lower(): entry for key, entry in value.items() if key != "type"},
        }


class Seller(Section):
    """Who sells: printed on invoices."""

    name: StrictStr = ""
    address: StrictStr = ""
    tax_id: StrictStr = ""
    email: StrictStr = ""


class Jwt(Section):
    """How our tokens are signed and how long they live."""

    signing_key: SecretStr | None = None
    access_minutes: Positive = 10
    refresh_days: Positive = 14
    issuer: StrictStr = "saaskit"
    audience: StrictStr = "saaskit"


class SaasKitSettings(Section):
    """All settings; in `settings.SAASKIT` each key is written in upper case."""

    providers: dict[str, PluginEntry] = Field(default_factory=dict)
    default_provider: StrictStr | None = None
    notifiers: dict[str, PluginEntry] = Field(default_factory=dict)
    allow_sandbox: StrictBool = False
    default_currency: StrictStr = "USD"
    default_plan: StrictStr = "free"
    frontend_url: StrictStr = ""
    support_email: StrictStr = ""
    seller: Seller = Field(default_factory=Seller)
    invoice_series: Annotated[StrictStr, Field(min_length=1, max_length=16)] = "INV"
    policies: Policies = Field(default_factory=Policies)
    jwt: Jwt = Field(default_factory=Jwt)
    trusted_proxies: Count = 0
    max_body_bytes: Positive = 1024 * 1024
    webhook_max_bytes: Positive = 256 * 1024
    authentication: tuple[StrictStr, ...] | None = None
    dispatch: Dispatch = Dispatch.INLINE
    idempotency_hours: Positive = 72
    rate_limits: dict[str, StrictStr] = Field(default_factory=dict)
    counters: Counters = Counters.DATABASE
    ratelimit_headers: RateLimitHeaders = RateLimitHeaders.DRAFT
    plugins_allow: frozenset[str] | None = None
    plugins_block: frozenset[str] = frozenset()

    @field_validator("policies", mode="before")
    @classmethod
    def _build_policies(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        names = [each.name for each in dataclasses.fields(Policies)]
        for name in value:
            if name not in names:
                close = difflib.get_close_matches(name, names, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(names)}"
                raise ValueError(f"there is no policy {name!r}; {hint}")
        try:
            return Policies(**value)
        except SaasKitError as exc:
            raise ValueError(str(exc)) from exc

    @field_validator("default_currency")
    @classmethod
    def _is_currency(cls, value: str) -> str:
        try:
            exponent(value)
        except SaasKitError as exc:
            raise ValueError(str(exc)) from exc
        return value

    @model_validator(mode="after")
    def _default_provider_exists(self) -> SaasKitSettings:
        if self.default_provider is not None and self.default_provider not in self.providers:
            raise ValueError(
                f"DEFAULT_PROVIDER is {self.default_provider!r}, PROVIDERS has"
                f" {sorted(self.providers) or 'none'}"
            )
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingProblem:
    """What is wrong with one setting, and what to do about it. Values are never shown."""

    path: str
    message: str
    hint: str
    is_unknown: bool = False


class InvalidSettings(ImproperlyConfigured):
    """Raised when `settings.SAASKIT` can't be used; `problems` says why, one by one."""

    def __init__(self, problems: tuple[SettingProblem, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{each.path}: {each.message}" for each in problems))


@cache
def conf() -> SaasKitSettings:
    """Return the settings. Raises InvalidSettings, whose problems are also system checks."""
    return parse(getattr(settings, "SAASKIT", {}))


def parse(raw: object) -> SaasKitSettings:
    """Turn a SAASKIT dict into typed settings. Raises InvalidSettings."""
    if not isinstance(raw, Mapping):
        problem = SettingProblem(
            path="SAASKIT", message="it is not a dict", hint="Write SAASKIT = {…}."
        )
        raise InvalidSettings((problem,))
    misspelt = tuple(_unknown((str(key),)) for key in raw if not _is_known(key))
    known = {key.lower(): _lowered(value, key) for key, value in raw.items() if _is_known(key)}
    try:
        parsed = SaasKitSettings.model_validate(known)
    except ValidationError as exc:
        raise InvalidSettings((*misspelt, *map(_problem, exc.errors()))) from None
    if misspelt:
        raise InvalidSettings(misspelt)
    return parsed


def jwt_signing_key() -> str:
    """Return the key that our tokens are signed with: the one set, else derived from SECRET_KEY."""
    key = conf().jwt.signing_key
    if key is not None:
        return key.get_secret_value()
    return salted_hmac("saaskit.jwt", "signing key", algorithm="sha256").hexdigest()


def _is_known(key: object) -> bool:
    return isinstance(key, str) and key.isupper() and key.lower() in SaasKitSettings.model_fields


_SECTIONS: dict[str, type[BaseModel]] = {"jwt": Jwt, "seller": Seller}


def _lowered(value: object, key: str) -> object:
    """Sections take their keys in either case, as the rest of Django's settings are upper case."""
    if key.lower() not in {*_SECTIONS, "policies"} or not isinstance(value, Mapping):
        return value
    return {str(name).lower(): entry for name, entry in value.items()}


def _problem(error: Mapping[str, Any]) -> SettingProblem:
    location = tuple(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return _unknown(location)
    path = _path(location)
    message = str(error["msg"]).removeprefix("Value error, ")
    return SettingProblem(path=path, message=message, hint=f"Correct {path}.")


def _unknown(location: tuple[str, ...]) -> SettingProblem:
    section: type[BaseModel] = _SECTIONS.get(location[0], SaasKitSettings)
    names = [name.upper() for name in section.model_fields]
    match = difflib.get_close_matches(location[-1].upper(), names, n=1, cutoff=0.5)
    path = _path(location) if len(location) > 1 else f"SAASKIT[{location[0]!r}]"
    hint = f"Did you mean {match[0]}?" if match else f"Known are {', '.join(names)}."
    return SettingProblem(path=path, message="there is no such setting", hint=hint, is_unknown=True)


def _path(location: tuple[str, ...]) -> str:
    if not location:
        return "SAASKIT"
    keys = [location[0].upper(), *location[1:]]
    if location[0] in _SECTIONS:
        keys = [key.upper() for key in location]
    return "SAASKIT" + "".join(f"[{key!r}]" for key in keys)


def _forget(*, setting: str, **_: object) -> None:
    if setting == "SAASKIT":
        conf.cache_clear()


setting_changed.connect(_forget, dispatch_uid="saaskit.conf")
