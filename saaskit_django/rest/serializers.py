"""Input rules: a request names known fields only, with values of the right type and size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

if TYPE_CHECKING:
    from rest_framework.request import Request

LONGEST_TEXT = 10_000
MAX_INT = 2**63 - 1
PAGING = frozenset({"limit", "offset"})


class InputSerializer(serializers.Serializer[Any]):
    """What a request may contain. An unknown field, or one the server owns, is refused.

    A text without a `max_length` of its own holds 10,000 characters, a number 64 bits; a number
    where text is due is refused in JSON.
    """

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the fields, each one bounded."""
        fields = super().get_fields()
        for field in fields.values():
            _bound(field)
        return fields

    def to_internal_value(self, data: Any) -> Any:
        """Check the names and the kinds, then the values."""
        if isinstance(data, Mapping):
            errors = {**self._unknown(data), **self._of_wrong_kind(data)}
            if errors:
                raise ValidationError(errors)
        return super().to_internal_value(data)

    def _unknown(self, data: Mapping[str, Any]) -> dict[str, list[ErrorDetail]]:
        writable = {name for name, field in self.fields.items() if not field.read_only}
        allowed = writable | (PAGING if self.context.get("is_query") else frozenset())
        problem = ErrorDetail(_("This field is not accepted here."), code="unknown_field")
        return {str(name): [problem] for name in data if name not in allowed}

    def _of_wrong_kind(self, data: Mapping[str, Any]) -> dict[str, list[ErrorDetail]]:
        problem = ErrorDetail(_("Write this as text."), code="invalid")
        return {
            name: [problem]
            for name, field in self.fields.items()
            if isinstance(field, serializers.CharField) and isinstance(data.get(name), int | float)
        }


class NoInput(InputSerializer):
    """Nothing at all: what takes no fields refuses every one."""


Input = TypeVar("Input", bound=InputSerializer)


def body_of(request: Request, serializer: type[Input]) -> dict[str, Any]:
    """Return the validated body. Raises rest_framework's ValidationError."""
    return _validated(serializer(data=request.data))


def query_of(request: Request, serializer: type[Input]) -> dict[str, Any]:
    """Return the validated query parameters; `limit` and `offset` are the pagination's."""
    given = dict(request.query_params.items())
    return _validated(serializer(data=given, context={"is_query": True}))


def _validated(serializer: InputSerializer) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


def _bound(field: serializers.Field[Any, Any, Any, Any]) -> None:
    if isinstance(field, serializers.CharField) and field.max_length is None:
        field.validators.append(MaxLengthValidator(LONGEST_TEXT))
    if isinstance(field, serializers.IntegerField) and field.max_value is None:
        field.validators.append(MaxValueValidator(MAX_INT))
    if isinstance(field, serializers.IntegerField) and field.min_value is None:
        field.validators.append(MinValueValidator(-MAX_INT))
