"""Pictures that people upload: drawn anew, so that nothing else in them survives."""

from __future__ import annotations

import io
import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from saaskit_core.errors import ErrorKind, SaasKitError

MAX_BYTES = 1024 * 1024
MAX_PIXELS = 16_000_000
MAX_SIDE = 512
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")


class LogoTooLarge(SaasKitError):
    """The file is larger than a logo may be."""

    code = "logo_too_large"
    kind = ErrorKind.INVALID
    template = "A logo has at most %(limit)s bytes."


class LogoInvalid(SaasKitError):
    """The file is not a picture of a format we read."""

    code = "logo_invalid"
    kind = ErrorKind.INVALID
    template = "Upload a picture: PNG, JPEG, GIF or WebP."


class LogosNotInstalled(SaasKitError):
    """The site has no library to read pictures with."""

    code = "logos_not_installed"
    kind = ErrorKind.UNAVAILABLE
    template = "Logos are not available on this site."


def are_installed() -> bool:
    """Tell whether pictures can be read here: the extra `images` brings Pillow."""
    return find_spec("PIL") is not None


def redraw(raw: bytes) -> bytes:
    """Return the picture as a fresh PNG of at most 512 × 512, without metadata.

    Raises LogoTooLarge, LogoInvalid or LogosNotInstalled.
    """
    if len(raw) > MAX_BYTES:
        raise LogoTooLarge(limit=MAX_BYTES, pointer="/logo")
    if not are_installed():
        raise LogosNotInstalled
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return _png(raw)
    except Exception as exc:
        raise LogoInvalid(pointer="/logo") from exc


def _png(raw: bytes) -> bytes:
    images, operations = import_module("PIL.Image"), import_module("PIL.ImageOps")
    with images.open(io.BytesIO(raw), formats=FORMATS) as picture:
        width, height = picture.size
        if width * height > MAX_PIXELS:
            raise LogoInvalid(pointer="/logo")
        fresh: Any = operations.exif_transpose(picture).convert("RGBA")
    fresh.thumbnail((MAX_SIDE, MAX_SIDE))
    fresh.info.clear()
    out = io.BytesIO()
    fresh.save(out, format="PNG")
    return out.getvalue()
