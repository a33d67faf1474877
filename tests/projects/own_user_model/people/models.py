"""A user model unlike Django's and unlike ours: a UUID as key, a nickname, no names."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models


class PersonManager(BaseUserManager["Person"]):
    def create_user(self, nickname: str, password: str | None = None, **extra: Any) -> Person:
        person = self.model(nickname=nickname, **extra)
        person.set_password(password)
        person.save()
        return person

    def create_superuser(self, nickname: str, password: str | None = None, **extra: Any) -> Person:
        return self.create_user(nickname, password, is_superuser=True, **extra)


class Person(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    nickname = models.CharField(max_length=50, unique=True)
    mailbox = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "nickname"
    EMAIL_FIELD = "mailbox"

    objects = PersonManager()
