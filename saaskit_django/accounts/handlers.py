"""Mails that follow from what happened to an account. A token is made when its mail is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.accounts import EmailChangeRequested, PasswordChanged, PasswordResetRequested
from saaskit_django.accounts import links, mails, selectors
from saaskit_django.accounts.links import Purpose
from saaskit_django.outbox.reactions import outside_transaction

if TYPE_CHECKING:
    from saaskit_django.accounts.models import User
    from saaskit_django.outbox.messages import Message


@outside_transaction
def mail_reset_link(message: Message) -> None:
    """Send the link that sets a new password to the stored address."""
    user = selectors.active_user(message.payload["user_id"])
    if user is None:
        return
    url = mails.link("reset-password", token=links.mint(Purpose.PASSWORD_RESET, user=user))
    mails.send("password_reset", user=user, to=user.email, key=message.key, values={"url": url})


@outside_transaction
def mail_change_notice(message: Message) -> None:
    """Tell a user that his password is a new one."""
    user = selectors.active_user(message.payload["user_id"])
    if user is not None:
        mails.send("password_changed", user=user, to=user.email, key=message.key)


@outside_transaction
def mail_confirmation_link(message: Message) -> None:
    """Ask the owner of the new address, unless it is taken or the user thought again."""
    user, serial = _wish(message)
    email = selectors.wanted_email(user, serial=serial) if user is not None else ""
    if user is None or not email or selectors.is_taken(email):
        return
    token = links.mint(Purpose.EMAIL_CHANGE, user=user, serial=serial)
    url = mails.link("confirm-email-change", token=token)
    key = f"{message.key}:new"
    mails.send("email_change", user=user, to=email, key=key, values={"url": url})


@outside_transaction
def mail_warning(message: Message) -> None:
    """Tell the present address that another one is wanted."""
    user, serial = _wish(message)
    if user is not None and selectors.wanted_email(user, serial=serial):
        mails.send("email_change_notice", user=user, to=user.email, key=f"{message.key}:old")


def _wish(message: Message) -> tuple[User | None, int]:
    return selectors.active_user(message.payload["user_id"]), int(message.payload["serial"])


HANDLERS = {
    PasswordResetRequested: [mail_reset_link],
    PasswordChanged: [mail_change_notice],
    EmailChangeRequested: [mail_confirmation_link, mail_warning],
}
