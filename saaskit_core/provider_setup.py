"""Judge the classes a plugin offers, and build configured instances of them."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from saaskit_core.notifiers import Channel, Notifier
from saaskit_core.providers import (
    CAPABILITIES,
    PaymentProvider,
    ProviderConfigurationError,
    capabilities,
    methods_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saaskit_core.billing.tax_engines import TaxEngine

Configurable = TypeVar("Configurable", bound="PaymentProvider | Notifier | TaxEngine")

_TYPE_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


def build(cls: type[Configurable], *, name: str, settings: Mapping[str, object]) -> Configurable:
    """Check `settings` against the class's own model and return the instance for the alias `name`.

    Raises ProviderConfigurationError naming the settings that are wrong, never their values.
    """
    try:
        checked = cls.settings_model.model_validate(dict(settings))
    except ValidationError as exc:
        raise ProviderConfigurationError(
            provider=name, problem=_settings_problem(cls.settings_model, exc)
        ) from None
    return cls(checked, name=name)


def provider_problem(candidate: Any) -> str:
    """Return why `candidate` can't be a payment provider; nothing when it can."""
    problem = _class_problem(candidate)
    if problem:
        return problem
    half = [problem for name in CAPABILITIES if (problem := _half_done(candidate, name))]
    if half:
        return "; ".join(half)
    return "" if capabilities(candidate) else "it implements no capability"


def notifier_problem(candidate: Any) -> str:
    """Return why `candidate` can't be a notifier; nothing when it can."""
    problem = _class_problem(candidate)
    if problem:
        return problem
    if not callable(getattr(candidate, "send", None)):
        return "it has no method send"
    channels = getattr(candidate, "channels", None)
    if not isinstance(channels, frozenset) or not channels or not channels <= set(Channel):
        return f"its channels are not a frozenset of {', '.join(Channel)}"
    return ""


def tax_engine_problem(candidate: Any) -> str:
    """Return why `candidate` can't be a tax engine; nothing when it can."""
    problem = _class_problem(candidate)
    if problem:
        return problem
    return "" if callable(getattr(candidate, "calculate", None)) else "it has no method calculate"


def _class_problem(candidate: Any) -> str:
    if not isinstance(candidate, type):
        return "it is not a class"
    type_name = getattr(candidate, "type_name", None)
    if not isinstance(type_name, str) or not _TYPE_NAME.fullmatch(type_name):
        return "its type_name is not 1 to 32 lower-case letters, digits and underscores"
    problem = _model_problem(getattr(candidate, "settings_model", None))
    if problem:
        return problem
    if not isinstance(getattr(candidate, "is_production_ready", None), bool):
        return "is_production_ready is neither True nor False"
    return ""


def _model_problem(model: Any) -> str:
    if not isinstance(model, type) or not issubclass(model, BaseModel):
        return "its settings_model is not a pydantic model"
    if model.model_config.get("extra") != "forbid":
        return 'its settings_model accepts unknown settings: set extra="forbid"'
    model.model_rebuild(raise_errors=False)
    if not model.__pydantic_complete__:
        return "its settings_model is not fully defined: import the types it names at run time"
    return ""


def _half_done(candidate: type, capability: str) -> str:
    names = methods_of(CAPABILITIES[capability])
    missing = [name for name in names if not callable(getattr(candidate, name, None))]
    if not missing or len(missing) == len(names):
        return ""
    return f"of the capability {capability} it lacks {', '.join(missing)}"


def _settings_problem(model: type[BaseModel], exc: ValidationError) -> str:
    errors = exc.errors(include_input=False, include_context=False, include_url=False)
    return "; ".join(
        _one_problem(model, error["loc"], error["type"], error["msg"]) for error in errors
    )


def _one_problem(
    model: type[BaseModel], location: tuple[int | str, ...], kind: str, message: str
) -> str:
    name = ".".join(str(part) for part in location)
    if kind != "extra_forbidden":
        said = message.removeprefix("Value error, ")
        return f"{name}: {said}" if name else said
    close = difflib.get_close_matches(name, model.model_fields, n=1)
    hint = (
        f", did you mean {close[0]!r}" if close else f", known are {', '.join(model.model_fields)}"
    )
    return f"unknown setting {name!r}{hint}"
