from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.accounts import (
    EmailInvalid,
    LoginFacts,
    PasswordTooLong,
    check_password_size,
    is_live,
    normalise_email,
)


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("user@example.com", "user@example.com"),
        ("  User.Name+tag@EXAMPLE.com ", "user.name+tag@example.com"),
        ("\uff55\uff53\uff45\uff52@example.com", "user@example.com"),
        ("u\u017fer@example.com", "user@example.com"),
        ("user@BÜCHER.example", "user@xn--bcher-kva.example"),
        ("user@xn--bcher-kva.example", "user@xn--bcher-kva.example"),
        ("o'hara@example.co.uk", "o'hara@example.co.uk"),
    ],
)
def test_two_spellings_of_one_mailbox_are_one_address(raw: str, stored: str) -> None:
    assert normalise_email(raw) == stored


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "user",
        "@example.com",
        "user@",
        "user@localhost",
        "us er@example.com",
        "a@b@example.com",
        "user@exa mple.com",
        "user@-example.com",
        "user@example..com",
        ".user@example.com",
        "user\n@example.com",
        "user@example.com\nBcc: all@example.com",
        "user\x00@example.com",
        "m\u0131ke@example.com",
        "usér@example.com",
        "user@straße.example",
        "user@\ud800.example",
        "x" * 65 + "@example.com",
        "user@" + "a" * 64 + ".com",
        "user@" + ".".join(["a" * 60] * 5) + ".com",
    ],
)
def test_what_is_no_address_is_refused(raw: str) -> None:
    with pytest.raises(EmailInvalid) as refused:
        normalise_email(raw)
    assert refused.value.pointer == "/email"


@given(st.text())
def test_any_text_is_an_address_or_refused_and_normalising_twice_changes_nothing(raw: str) -> None:
    try:
        once = normalise_email(raw)
    except EmailInvalid:
        return
    assert normalise_email(once) == once
    assert once.isascii()


def test_a_password_is_measured_in_bytes() -> None:
    check_password_size("x" * 4096)
    check_password_size("é" * 2048)
    with pytest.raises(PasswordTooLong) as refused:
        check_password_size("é" * 2048 + "x", pointer="/new_password")
    assert refused.value.pointer == "/new_password"
    assert str(refused.value) == "A password has at most 4096 bytes."


@pytest.mark.parametrize("user_is_active", [True, False])
@pytest.mark.parametrize("is_revoked", [True, False])
@pytest.mark.parametrize(("claimed", "current"), [(0, 0), (0, 1), (2, 1)])
def test_a_login_lives_while_user_session_and_epoch_agree(
    user_is_active: bool, is_revoked: bool, claimed: int, current: int
) -> None:
    login = LoginFacts(
        user_is_active=user_is_active,
        is_revoked=is_revoked,
        claimed_epoch=claimed,
        current_epoch=current,
    )
    assert is_live(login) is (user_is_active and not is_revoked and claimed == current)
