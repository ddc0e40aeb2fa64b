"""What a file is, by its content; and a photo made safe by writing it anew."""
from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from traceapp.core.errors import InvalidInput, TooLarge

MOST_BYTES = 10_000_000
MOST_PIXELS = 25_000_000
_LONGEST_SIDE = 2400
_IMAGES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "application/pdf": ".pdf"}


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """Bytes that may be kept, and what they are."""

    content: bytes
    media_type: str


def check_file(name: str, content: bytes) -> CheckedFile:
    """The file ready to keep: a PDF as it is, an image written anew without its metadata (place, camera, person).

    The name says nothing: the first bytes decide. Raises TooLarge, or InvalidInput for anything else.
    """
    if len(content) > MOST_BYTES:
        raise TooLarge("The file “%(name)s” is larger than %(limit)s MB. Nothing was saved. Send a smaller one.",
                       name=name, limit=MOST_BYTES // 1_000_000, place="file")
    if not content:
        raise InvalidInput("The file “%(name)s” is empty.", place="file", name=name)
    if content.startswith(b"%PDF-"):
        return _pdf(name, content)
    is_webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    if is_webp or content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        return _image(name, content)
    raise InvalidInput("“%(name)s” is neither a photo (JPEG, PNG, WebP) nor a PDF, whatever its name says. "
                       "Nothing was saved.", code="wrong-kind-of-file", place="file", name=name)


def _pdf(name: str, content: bytes) -> CheckedFile:
    if b"%%EOF" not in content[-2048:]:
        raise InvalidInput("The PDF “%(name)s” is not whole: its end is missing. Nothing was saved.",
                           code="broken-file", place="file", name=name)
    return CheckedFile(content, "application/pdf")


def _image(name: str, content: bytes) -> CheckedFile:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(content), formats=tuple(_IMAGES)) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise TooLarge("The photo “%(name)s” has more than %(limit)s million pixels. Nothing was saved. "
                                   "Send a smaller one.", name=name, limit=MOST_PIXELS // 1_000_000, place="file")
                kind = str(opened.format)
                upright = ImageOps.exif_transpose(opened)
                upright.load()
        return CheckedFile(_written_anew(upright, kind), _IMAGES[kind])
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError,
            Image.DecompressionBombWarning) as error:
        raise InvalidInput("The photo “%(name)s” cannot be read. Nothing was saved.", code="broken-file", place="file",
                           name=name) from error


def _written_anew(image: Image.Image, kind: str) -> bytes:
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    if image.mode not in ("RGB", "L") and kind == "JPEG":
        image = image.convert("RGB")
    elif image.mode not in ("RGB", "RGBA", "L"):
        image = image.convert("RGBA")
    # A copy of the pixels alone: whatever else the file carried stays behind.
    bare = Image.frombytes(image.mode, image.size, image.tobytes())
    out = BytesIO()
    bare.save(out, format=kind, **({"quality": 85} if kind != "PNG" else {"optimize": False}))
    return out.getvalue()
