"""The host's own way to sign in."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed

from tests.projects.own_user_model.people.models import Person


class NameAuthentication(BaseAuthentication):
    """`X-Person: nickname`; no challenge, so DRF itself would answer 403 instead of 401."""

    def authenticate(self, request):
        nickname = request.META.get("HTTP_X_PERSON")
        if nickname is None:
            return None
        person = Person.objects.filter(nickname=nickname).first()
        if person is None:
            raise AuthenticationFailed
        return person, None
