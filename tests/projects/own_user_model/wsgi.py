"""The WSGI application of this host project."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.projects.own_user_model.settings")
application = get_wsgi_application()
