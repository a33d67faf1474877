"""A host with its own user model and habits: only the required apps, every request atomic.

Its REST_FRAMEWORK settings are as unlike ours as can be; our presence must not change how its own
views behave, nor these settings how ours do.
"""

from __future__ import annotations

import saaskit_django
from tests.projects.databases import database, scratch

SECRET_KEY = "another-key-for-tests-only-that-is-long-enough-for-every-check-0123456789"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.projects.own_user_model.urls"
WSGI_APPLICATION = "tests.projects.own_user_model.wsgi.application"
USE_TZ = True
TIME_ZONE = "America/New_York"
STATIC_URL = "/static/"
AUTH_USER_MODEL = "people.Person"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "rest_framework",
    "tests.projects.own_user_model.people",
    *saaskit_django.apps(optional=()),
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "saaskit_django.limits.middleware.APIRateLimit",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {
    "default": database("own_user_model", ATOMIC_REQUESTS=True),
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tests.projects.own_user_model.people.authentication.NameAuthentication"
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.TemplateHTMLRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.FormParser"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.CursorPagination",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"anon": "1/day"},
    "EXCEPTION_HANDLER": "tests.projects.own_user_model.people.views.teapot",
    "NON_FIELD_ERRORS_KEY": "oops",
    "UNAUTHENTICATED_USER": None,
    "DATETIME_FORMAT": "%d/%m/%Y",
    "DATETIME_INPUT_FORMATS": ["%d/%m/%Y"],
    "COERCE_DECIMAL_TO_STRING": False,
    "COMPACT_JSON": False,
    "UNICODE_JSON": False,
}

SAASKIT = {
    "ALLOW_SANDBOX": True,
    "DEFAULT_CURRENCY": "EUR",
    "PROVIDERS": {"play": {"type": "sandbox", "path": str(scratch() / "sandbox-own.sqlite3")}},
}
