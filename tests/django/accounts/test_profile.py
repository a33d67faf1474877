from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import Image

from saaskit_django.accounts import logos
from saaskit_django.accounts.models import User
from saaskit_django.customers.models import Profile
from tests.django.accounts.conftest import Api, field_errors, problem

pytestmark = pytest.mark.django_db


def picture(size: tuple[int, int] = (64, 32), kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, format=kind, **options)
    return out.getvalue()


@pytest.fixture(autouse=True)
def _media(tmp_path: Path, settings) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def upload(api: Api, content: bytes, method: str = "PATCH", **fields: str):
    data = {**fields, "logo": SimpleUploadedFile("../../evil.php", content, "image/png")}
    return api.client.generic(
        method,
        "/api/core/user/update/",
        encode_multipart(BOUNDARY, data),
        content_type=MULTIPART_CONTENT,
        headers={"authorization": f"Bearer {api.access}"},
    )


def test_the_own_user_is_answered_before_any_profile_row(signed_in: Api, user: User) -> None:
    body = signed_in.get("core/user/").json()
    assert body["user_id"] == body["id"] == user.pk
    assert body["timezone"] == "UTC"
    assert body["role"] == "user"
    assert body["logo"] is None
    assert body["pending_email"] is None
    assert {*("organization", "phone", "address", "state", "zipcode", "country")} <= set(body)
    assert {*("preferred_language", "fcm_token", "last_login", "created_at")} <= set(body)
    assert not Profile.objects.exists(), "reading writes nothing"


@pytest.mark.parametrize(("method", "path"), [("GET", "user/"), ("PATCH", "user/update/")])
def test_nobody_else_sees_or_changes_it(api: Api, user: User, method: str, path: str) -> None:
    assert problem(api.call(method, f"core/{path}", {})) == (401, "not_signed_in")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_both_methods_change_only_what_is_given(signed_in: Api, user: User, method: str) -> None:
    first = {"full_name": "Ada King", "organization": "Engines", "timezone": "Europe/London"}
    assert signed_in.call(method, "core/user/update/", first).status_code == 200
    response = signed_in.call(method, "core/user/update/", {"phone": "+1", "fcm_token": "t"})
    body = response.json()
    assert {name: body[name] for name in first} == first
    assert (body["phone"], body["fcm_token"], body["email"]) == ("+1", "t", user.email)
    assert signed_in.get("core/user/").json() == body
    assert signed_in.call(method, "core/user/update/", {"phone": ""}).json()["phone"] == ""


def test_an_empty_change_changes_nothing(signed_in: Api) -> None:
    before = signed_in.get("core/user/").json()
    assert signed_in.patch("core/user/update/").json() == before


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"role": "admin"}, {"/role": "unknown_field"}),
        ({"password": "x"}, {"/password": "unknown_field"}),
        ({"is_staff": True, "id": 1}, {"/is_staff": "unknown_field", "/id": "unknown_field"}),
        ({"session_epoch": 0}, {"/session_epoch": "unknown_field"}),
        ({"pending_email": "x@example.com"}, {"/pending_email": "unknown_field"}),
        ({"timezone": "Mars/Olympus"}, {"/timezone": "unknown_timezone"}),
        ({"timezone": ""}, {"/timezone": "blank"}),
        ({"timezone": "../etc/passwd"}, {"/timezone": "unknown_timezone"}),
        ({"preferred_language": "xx"}, {"/preferred_language": "unknown_language"}),
        ({"full_name": ""}, {"/full_name": "blank"}),
        ({"full_name": None}, {"/full_name": "null"}),
        ({"email": "nobody"}, {"/email": "email_invalid"}),
        ({"logo": "data:image/png;base64,AAAA"}, {"/logo": "not_a_file"}),
        ({"logo": 7}, {"/logo": "not_a_file"}),
        ({"fcm_token": "x" * 513}, {"/fcm_token": "max_length"}),
    ],
)
def test_bad_changes_are_refused_and_nothing_is_written(
    signed_in: Api, user: User, changes: dict, errors: dict
) -> None:
    response = signed_in.patch("core/user/update/", organization="Engines", **changes)
    assert field_errors(response) == errors
    assert not Profile.objects.exists()
    user.refresh_from_db()
    assert user.full_name == "Ada Lovelace"


def test_a_logo_is_drawn_anew(signed_in: Api, user: User, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret-place"
    response = upload(signed_in, picture((2000, 1000), "JPEG", exif=exif), phone="+2")
    assert response.status_code == 200, response.content
    assert response.json()["phone"] == "+2"
    stored = Profile.objects.get().logo
    assert "evil" not in stored.name
    assert response.json()["logo"] == stored.url
    content = Path(stored.path).read_bytes()
    assert b"secret-place" not in content
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.size) == ("PNG", (512, 256))


def test_a_new_logo_replaces_the_old_file_and_null_takes_it_away(
    signed_in: Api, tmp_path: Path, django_capture_on_commit_callbacks
) -> None:
    def files() -> int:
        return sum(1 for path in tmp_path.rglob("*") if path.is_file())

    for expected in (1, 1):
        with django_capture_on_commit_callbacks(execute=True):
            assert upload(signed_in, picture()).status_code == 200
        assert files() == expected
    with django_capture_on_commit_callbacks(execute=True):
        assert signed_in.patch("core/user/update/", logo=None).json()["logo"] is None
    assert files() == 0


BOMB = b"GIF89a" + b"\xff\xff\xff\xff" + b"\x00" * 8


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<?php evil();", "logo_invalid"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='evil()'/>", "logo_invalid"),
        (picture()[:60], "logo_invalid"),
        (BOMB, "logo_invalid"),
        (picture((5000, 5000)), "logo_invalid"),
        (picture(kind="BMP"), "logo_invalid"),
        (picture() + b"\x00" * (1024 * 1024), "logo_too_large"),
    ],
)
def test_what_is_no_small_picture_is_refused(signed_in: Api, content: bytes, code: str) -> None:
    response = upload(signed_in, content, organization="Engines")
    assert field_errors(response) == {"/logo": code}
    assert not Profile.objects.exists()


def test_a_larger_form_is_not_read(signed_in: Api) -> None:
    assert problem(upload(signed_in, b"\x00" * (2 * 1024 * 1024)))[0] == 413


def test_a_form_names_known_fields_only(signed_in: Api) -> None:
    response = upload(signed_in, picture(), role="admin")
    assert field_errors(response) == {"/role": "unknown_field"}


def test_a_broken_form_is_400(signed_in: Api) -> None:
    response = signed_in.client.generic(
        "PATCH",
        "/api/core/user/update/",
        b"rubbish",
        content_type="multipart/form-data",
        headers={"authorization": f"Bearer {signed_in.access}"},
    )
    assert problem(response)[0] == 400


def test_without_pillow_a_logo_is_503_and_says_so(
    signed_in: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logos, "find_spec", lambda name: None)
    assert problem(upload(signed_in, picture())) == (503, "logos_not_installed")
    assert not Profile.objects.exists()
