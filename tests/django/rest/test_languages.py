"""Words for people follow the language that was asked for; codes never do."""

from __future__ import annotations

import pytest
from django.utils.translation import override, pgettext

from saaskit_core.provider_errors import ProviderRateLimited
from saaskit_django.rest.problems import problem_of


def test_an_error_is_answered_in_spanish(anyone):
    refused = anyone.get("/fail/404/", accept_language="es-MX,es;q=0.9,en;q=0.5")
    assert refused.json()["detail"] == "Eso no existe."
    assert refused.json()["code"] == "not_found"


@pytest.mark.parametrize("language", ["en", "de", "", "xx;q=bad"])
def test_other_languages_get_the_sites_own(anyone, language):
    refused = anyone.get("/fail/404/", accept_language=language)
    assert refused.json()["detail"] == "There is no such thing."


def test_what_the_kernel_raises_is_translated_with_its_values():
    with override("es"):
        problem = problem_of(ProviderRateLimited(provider="acme"))
    assert problem.detail == "El proveedor de pagos acme está ocupado; inténtelo más tarde."


def test_words_that_depend_on_their_place_are_translated():
    with override("es"):
        assert pgettext("declined", "the card has expired") == "la tarjeta ha caducado"
