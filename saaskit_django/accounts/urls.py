"""Where accounts are, below the auth and core prefixes, and the short path of the token."""

from __future__ import annotations

from django.urls import path

from saaskit_django.accounts.views import logins, passwords, profiles, registration

auth_urls = [
    path("register/", registration.Register.as_view(), name="register"),
    path("register-user/", registration.RegisterUser.as_view(), name="register-user"),
    path("login/", logins.Login.as_view(), name="login"),
    path("api/token/", logins.ObtainTokens.as_view(), name="token"),
    path("token/refresh/", logins.RefreshTokens.as_view(), name="token-refresh"),
    path("token/verify/", logins.VerifyToken.as_view(), name="token-verify"),
    path("logout/", logins.Logout.as_view(), name="logout"),
    path(
        "request-password-reset/",
        passwords.RequestPasswordReset.as_view(),
        name="request-password-reset",
    ),
    path("reset-password/", passwords.ResetPassword.as_view(), name="reset-password"),
    path("users/change-password/", passwords.ChangePassword.as_view(), name="change-password"),
    path(
        "confirm-email-change/",
        profiles.ConfirmEmailChange.as_view(),
        name="confirm-email-change",
    ),
]
core_urls = [
    path("user/", profiles.CurrentUser.as_view(), name="user"),
    path("user/update/", profiles.UpdateUser.as_view(), name="user-update"),
]
api_urls = [
    path("token/", logins.ObtainTokens.as_view(), name="short-token"),
]
