from decimal import Decimal
from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError

from saaskit_core.catalog.mistakes import mistakes
from saaskit_core.periods import Unit


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    share: Annotated[Decimal, Field(ge=0, lt=1)] = Decimal(0)
    details: StrictStr = Field(default="", alias="with")


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    many: Annotated[StrictInt, Field(gt=0, le=9)] = 1
    is_on: StrictBool = True
    unit: Unit = Unit.MONTH
    inner: Inner = Inner()
    parts: tuple[Inner, ...] = ()


@pytest.mark.parametrize(
    ("given", "where", "said"),
    [
        ({"many": "x"}, ("many",), "a whole number is expected here"),
        ({"many": 1.5}, ("many",), "a whole number is expected here"),
        ({"many": 0}, ("many",), "it must be more than 0"),
        ({"many": 10}, ("many",), "it must be 9 or less"),
        ({"is_on": "yes"}, ("is_on",), "true or false is expected here"),
        ({"unit": "months"}, ("unit",), "'months' is not possible (did you mean 'month'? allowed:"),
        ({"inner": 3}, ("inner",), "keys with values are expected here"),
        ({"inner": {"share": "half"}}, ("inner", "share"), "a number is expected here"),
        ({"inner": {"share": -1}}, ("inner", "share"), "it must be 0 or more"),
        ({"inner": {"share": 1}}, ("inner", "share"), "it must be less than 1"),
        ({"inner": {"shar": 1}}, ("inner", "shar"), "(did you mean 'share'? allowed: share, with)"),
        ({"parts": {}}, ("parts",), "a list is expected here"),
        ({"parts": [{"with": 3}]}, ("parts", 0, "with"), "a text is expected here"),
        ([], (), "keys with values are expected here"),
    ],
)
def test_a_mistake_is_told_in_our_words(given, where, said):
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(given)
    (mistake,) = mistakes(caught.value, Outer)
    assert mistake.where == where
    assert said in str(mistake)
    assert "nput" not in str(mistake)
