"""Users who sign in by e-mail, and their logins."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower

from saaskit_core.accounts import EmailInvalid, normalise_email


class UserManager(BaseUserManager["User"]):
    """Makes users and finds them by any spelling of their address."""

    use_in_migrations = True

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Return the stored spelling; Django's own way keeps the local part's case."""
        return normalise_email(email or "")

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Save a new user; without a password nobody can sign in as him. Raises EmailInvalid."""
        user = self.model(email=normalise_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Save a new user who may do everything in Django's admin."""
        return self.create_user(
            email, password, **{**fields, "is_staff": True, "is_superuser": True}
        )

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the user of an address in any spelling; what is no address belongs to nobody."""
        try:
            return self.get(email=normalise_email(username or ""))
        except EmailInvalid as exc:
            raise self.model.DoesNotExist from exc


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in by e-mail. `email` is stored normalised (saaskit_core.accounts)."""

    email = models.EmailField(
        unique=True, error_messages={"unique": "A user with that e-mail address already exists."}
    )
    full_name = models.CharField(max_length=150)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["full_name"]

    objects = UserManager()

    class Meta:
        swappable = "AUTH_USER_MODEL"
        constraints = [
            models.UniqueConstraint(Lower("email"), name="saaskit_accounts_user_email_ci"),
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        """Normalise the address that a form (the admin's) was given. Raises ValidationError."""
        try:
            self.email = normalise_email(self.email)
        except EmailInvalid as exc:
            raise ValidationError({"email": str(exc)}) from exc

    def get_full_name(self) -> str:
        """Return the name a person gave."""
        return self.full_name

    def get_short_name(self) -> str:
        """Return the first word of the name."""
        return self.full_name.partition(" ")[0]


class LoginSession(models.Model):
    """One login on one device: the family of refresh tokens that descend from it."""

    class RevokeReason(models.TextChoices):
        """Why a login ended before its time."""

        LOGOUT = "logout", "signed out"
        LOGOUT_ALL = "logout_all", "signed out everywhere"
        PASSWORD = "password", "password changed"
        REUSE = "reuse", "a used refresh token came back"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="login_sessions"
    )
    ip = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)
    last_used_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoke_reason = models.CharField(max_length=16, choices=RevokeReason.choices, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "expires_at"], name="saaskit_login_user_expiry"),
        ]

    def __str__(self) -> str:
        return f"login {self.pk} of user {self.user_id}"


class RefreshToken(models.Model):
    """A refresh token: its `jti` is written before the token leaves, and it is used once."""

    session = models.ForeignKey(LoginSession, on_delete=models.CASCADE, related_name="tokens")
    jti = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"refresh token {self.pk}"


class EmailChange(models.Model):
    """The address a user wants instead of his own, until its owner confirms it; "" when none waits.

    `serial` grows with every wish and every confirmation, so that an older mail's link is dead.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="email_change"
    )
    email = models.EmailField(blank=True, default="")
    serial = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"e-mail change of user {self.user_id}"
