from __future__ import annotations

import pytest

from saaskit_django.referrals.models import ReferralProgramme
from tests.django.referrals.builders import CREDIT, make_programme


@pytest.fixture
def programme(transactional_db: None) -> ReferralProgramme:
    """Ten dollars for who sends, five for who comes, two weeks after the first payment."""
    return make_programme(referrer=CREDIT, referred={"type": "credit", "amounts": {"USD": 500}})
