"""The demo's Django settings: a small project on SQLite, in the folder made for it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import saaskit_django

FOLDER = Path(os.environ["SAASKIT_DEMO_FOLDER"])
SITE = json.loads((FOLDER / "site.json").read_text(encoding="utf-8"))

SECRET_KEY = SITE["secret_key"]
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
AUTH_USER_MODEL = "saaskit_accounts.User"
ROOT_URLCONF = "examples.demo.urls"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
STATIC_URL = "/static/"
MEDIA_ROOT = str(FOLDER / "media")
DEFAULT_FROM_EMAIL = "Demo Shop <shop@example.com>"
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = str(FOLDER / "mails")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    *saaskit_django.apps(),
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
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(FOLDER / "db.sqlite3"),
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}

# For the demo's speed and nothing else: MD5 is no way to keep passwords. A real site leaves this
# setting out, which means PBKDF2, or uses Argon2.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
SPECTACULAR_SETTINGS = {
    "TITLE": "SaaSKit demo",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "DISABLE_ERRORS_AND_WARNINGS": True,
}

SAASKIT = {
    "PROVIDERS": {"sandbox": {"type": "sandbox", "path": str(FOLDER / "sandbox.sqlite3")}},
    "ALLOW_SANDBOX": True,
    "DEFAULT_CURRENCY": SITE["currency"],
    "DEFAULT_PLAN": SITE["default_plan"],
    "FRONTEND_URL": SITE["url"],
    # Usually a downgrade waits for the period's end; this site gives credit for the rest at once.
    "POLICIES": {"downgrade": "now-with-credit"},
    "SUPPORT_EMAIL": "support@example.com",
    "SELLER": {
        "name": "Demo Shop Ltd",
        "address": "1 Main Street, Springfield",
        "tax_id": "X1234567",
        "email": "shop@example.com",
    },
}
