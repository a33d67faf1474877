"""A host that uses everything. The quickstart's lines, plus what tests need."""

from __future__ import annotations

import saaskit_django
from tests.projects.databases import database, scratch

SECRET_KEY = "a-key-for-tests-only-that-is-long-enough-to-pass-every-check-0123456789"
DEBUG = False
ALLOWED_HOSTS = ["*"]
AUTH_USER_MODEL = "saaskit_accounts.User"
ROOT_URLCONF = "tests.projects.full.urls"
WSGI_APPLICATION = "tests.projects.full.wsgi.application"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
STATIC_URL = "/static/"
MEDIA_ROOT = str(scratch() / "media")
DEFAULT_FROM_EMAIL = "shop@example.com"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    *saaskit_django.apps(optional=("accounts", "referrals", "analytics")),
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "saaskit_django.accounts.middleware.JWTAuthentication",
    "saaskit_django.limits.middleware.APIRateLimit",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {"default": database("full")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

SAASKIT = {
    "PROVIDERS": {"sandbox": {"type": "sandbox", "path": str(scratch() / "sandbox-full.sqlite3")}},
    "ALLOW_SANDBOX": True,
    "FRONTEND_URL": "https://app.example.com",
    "SUPPORT_EMAIL": "support@example.com",
    "SELLER": {"name": "Example Ltd", "address": "1 Main Street, Springfield", "tax_id": "X1"},
}
