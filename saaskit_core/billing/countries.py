"""Countries (ISO 3166-1 alpha-2), the member states of the EU, and how their VAT ids look.

The patterns are those the European Commission publishes for VIES, without the two-letter prefix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from saaskit_core.errors import SaasKitError

_CODES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ"
    " BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM"
    " DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS"
    " GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN"
    " KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ"
    " MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM"
    " PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV"
    " SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI"
    " VN VU WF WS YE YT ZA ZM ZW"
)
COUNTRIES = frozenset(_CODES.split())

VAT_PATTERNS: dict[str, str] = {
    "AT": r"U[0-9]{8}",
    "BE": r"[01][0-9]{9}",
    "BG": r"[0-9]{9,10}",
    "CY": r"[0-9]{8}[A-Z]",
    "CZ": r"[0-9]{8,10}",
    "DE": r"[0-9]{9}",
    "DK": r"[0-9]{8}",
    "EE": r"[0-9]{9}",
    "ES": r"[A-Z][0-9]{7}[A-Z0-9]|[0-9]{8}[A-Z]",
    "FI": r"[0-9]{8}",
    "FR": r"[A-HJ-NP-Z0-9]{2}[0-9]{9}",
    "GR": r"[0-9]{9}",
    "HR": r"[0-9]{11}",
    "HU": r"[0-9]{8}",
    "IE": r"[0-9]{7}[A-Z]{1,2}|[0-9][A-Z+*][0-9]{5}[A-Z]",
    "IT": r"[0-9]{11}",
    "LT": r"[0-9]{9}|[0-9]{12}",
    "LU": r"[0-9]{8}",
    "LV": r"[0-9]{11}",
    "MT": r"[0-9]{8}",
    "NL": r"[0-9]{9}B[0-9]{2}",
    "PL": r"[0-9]{10}",
    "PT": r"[0-9]{9}",
    "RO": r"[1-9][0-9]{1,9}",
    "SE": r"[0-9]{12}",
    "SI": r"[0-9]{8}",
    "SK": r"[0-9]{10}",
}
"""Member state → what stands behind the prefix."""

EU = frozenset(VAT_PATTERNS)
_ISO_OF_PREFIX = {"EL": "GR"}
_SEPARATORS = str.maketrans("", "", " .-\u00a0")


class UnknownCountry(SaasKitError):
    code = "unknown_country"
    template = "%(country)s is not an ISO 3166-1 alpha-2 country code."


class BadVatId(SaasKitError):
    code = "bad_vat_id"
    template = "%(vat_id)s is not a VAT identification number: %(problem)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class VatId:
    """A VAT identification number whose form is right; `country` is the member state's ISO code.

    Whether it is in force only the state knows (VIES): that is a fact given beside it.
    """

    country: str
    number: str

    def __str__(self) -> str:
        """Spell it with its prefix; Greece's is EL."""
        return f"{'EL' if self.country == 'GR' else self.country}{self.number}"


def check_country(country: str) -> str:
    """Return the code. Raises UnknownCountry for anything but an upper-case code of ISO 3166-1."""
    if country not in COUNTRIES:
        raise UnknownCountry(country=repr(country)[:16])
    return country


def parse_vat_id(text: str) -> VatId:
    """Read a VAT identification number of an EU member state; case and separators don't matter.

    Raises BadVatId for another form, or a state outside the EU.
    """
    if type(text) is not str:
        raise BadVatId(vat_id=repr(text)[:40], problem="it is not text")
    plain = text.translate(_SEPARATORS).upper()
    prefix, number = plain[:2], plain[2:]
    country = _ISO_OF_PREFIX.get(prefix, prefix)
    if country not in EU or prefix == "GR":
        raise BadVatId(vat_id=repr(text)[:40], problem="it begins with no member state's prefix")
    if not re.fullmatch(VAT_PATTERNS[country], number):
        raise BadVatId(vat_id=repr(text)[:40], problem=f"numbers of {prefix} look otherwise")
    return VatId(country=country, number=number)
