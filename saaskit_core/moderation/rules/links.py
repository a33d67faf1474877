"""Links in a text, by a conservative reading: nothing is fetched, no list is downloaded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from saaskit_core.moderation.rules.folding import Folded, Span

MOST_LINKS = 200
_LONGEST_HOST = 253
_COUNTRIES = {
    *("uk", "au", "nz", "za", "jp", "kr", "br", "mx", "tr", "in", "id", "th", "il", "ar", "tw"),
    *("cn", "hk", "sg", "my", "ph", "co", "pe", "ve", "ua", "pl", "ke", "ng", "eg"),
}
_SECONDS = ("co", "com", "net", "org", "edu", "gov", "ac", "or", "ne", "go")
COMMON_SUFFIXES = frozenset(
    {
        *(f"{second}.{country}" for country in _COUNTRIES for second in _SECONDS),
        *("github.io", "gitlab.io", "blogspot.com", "wordpress.com"),
        *("web.app", "pages.dev", "vercel.app"),
    }
)
"""Suffixes under which names are given to the public: the frequent ones of publicsuffix.org."""

_BARE_ENDINGS = (
    "com|net|org|info|biz|io|co|me|tv|ru|cn|xyz|top|club|online|site|shop|store|app|dev|de|fr|es|it"
    "|nl|pl|uk|us|eu|in|br|jp|ly|gl|link|click|live|pro|icu|vip|buzz|win|bet|casino|loan"
)
_LINK = re.compile(
    r"(?:\bhttps?://|\bftp://|\bwww\.)[^\s<>\"'`{}|^]{1,2000}"
    r"|(?<![@\w.-])[a-z0-9](?:[\w-]{0,62}\.){1,4}(?:"
    + _BARE_ENDINGS
    + r")\b(?:/[^\s<>\"']{0,2000})?"
)
_HINT = re.compile(r"\.\w|://")
_HOST = re.compile(
    r"^(?:[a-z]+:)?(?:[/\\]{2,})?(?:[^/\\?#@]*@)?(?P<host>\[[0-9a-f:.]+\]|[^/\\?#:]*)"
)
_NUMERIC = re.compile(r"[0-9.]+|\[.*\]")
_TRAILING = ".,;:!?)]}\u3002"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link: its host in ASCII, and where it stands in the original text."""

    host: str
    span: Span


def find_links(folded: Folded) -> tuple[Link, ...]:
    """Return the links of a folded text, the first 200 of them."""
    text = folded.text
    if not _HINT.search(text):
        return ()
    links: list[Link] = []
    for match in _LINK.finditer(text):
        found = match.group().rstrip(_TRAILING)
        host = _host(found)
        if host:
            span = folded.span(match.start(), match.start() + len(found))
            links.append(Link(host=host, span=span))
        if len(links) == MOST_LINKS:
            break
    return tuple(links)


def normal_domain(domain: str) -> str:
    """Return the one spelling of a domain: lower case, ASCII, without a dot at its ends."""
    bare = domain.strip().strip(".").lower()
    if bare.isascii() or len(bare) > _LONGEST_HOST:
        return bare
    try:
        return bare.encode("idna").decode("ascii")
    except UnicodeError:
        return bare


def is_within(host: str, domains: Collection[str]) -> bool:
    """Tell whether a host is one of the domains or lies below one."""
    labels = host.split(".")
    return any(".".join(labels[index:]) in domains for index in range(len(labels)))


def registrable_domain(host: str, *, suffixes: Collection[str] = COMMON_SUFFIXES) -> str:
    """Return the part of a host that somebody registered: "example.co.uk" of "a.example.co.uk".

    An address in numbers is returned as it is.
    """
    if _NUMERIC.fullmatch(host):
        return host
    labels = host.split(".")
    kept = 3 if ".".join(labels[-2:]) in suffixes else 2
    return ".".join(labels[-kept:])


def _host(link: str) -> str:
    match = _HOST.match(link)
    host = normal_domain(match["host"]) if match else ""
    is_host = ("." in host or host.startswith("[")) and len(host) <= _LONGEST_HOST
    return host if is_host else ""
