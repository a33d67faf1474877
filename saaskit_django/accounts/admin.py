"""Users in Django's admin: shown, made, switched off. Logins are shown only."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm

from saaskit_django import clock
from saaskit_django.accounts.models import LoginSession, User
from saaskit_django.accounts.services.passwords import end_logins
from saaskit_django.rest.read_only_admin import ReadOnlyAdmin


class NewUserForm(AdminUserCreationForm):
    """Makes a user by address and name."""

    class Meta:
        model = User
        fields = ("email", "full_name")


class NewPasswordForm(AdminPasswordChangeForm):
    """Sets a user's password, inside the admin's transaction."""

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 (Django's signature)
        """Save it and end the user's logins."""
        user: User = super().save(commit)
        end_logins(user=user, keep=None, now=clock.now())
        return user


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Users by address."""

    add_form = NewUserForm
    change_password_form = NewPasswordForm
    ordering = ("-pk",)
    list_display = ("email", "full_name", "is_active", "is_staff", "last_login", "created_at")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "full_name")
    readonly_fields = ("last_login", "created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("email", "full_name", "password")}),
        (
            "Permissions",
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        ("Dates", {"fields": ("last_login", "created_at", "updated_at")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "full_name", "usable_password", "password1", "password2")}),
    )


@admin.register(LoginSession)
class LoginSessionAdmin(ReadOnlyAdmin):
    """Who is signed in where."""

    list_display = ("user", "ip", "last_used_at", "expires_at", "revoked_at", "revoke_reason")
    list_filter = ("revoke_reason",)
    search_fields = ("user__email", "ip")
    list_select_related = ("user",)
