"""Run a management command here: `python -m tests.projects.own_user_model.manage check`."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.projects.own_user_model.settings")
    execute_from_command_line(sys.argv)
