"""What a file really is, and the form in which it is safe to keep. Its name plays no part."""
from __future__ import annotations

import io
import threading
import warnings
import zipfile

from traceapp.core.errors import InvalidInput, TooLarge

MOST_PIXELS = 40_000_000
LONGEST_SIDE = 4096
_IMAGES = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}
_SAVING: dict[str, dict[str, object]] = {"PNG": {"optimize": False}, "JPEG": {"quality": 88}, "WEBP": {"quality": 88}}
# Things in a PDF that act by themselves; a report needs none of them.
_ACTIVE = (b"/JavaScript", b"/JS ", b"/JS(", b"/Launch")
_PDF_TAIL = 2048
# A picture of the largest size takes half a gigabyte while it is drawn anew: few at a time, however many come.
_DRAWING = threading.BoundedSemaphore(2)


def kind_of(content: bytes) -> str:
    """PNG, JPEG, WEBP or PDF by the first bytes. Raises InvalidInput for everything else."""
    for magic, kind in _IMAGES.items():
        if content.startswith(magic):
            return kind
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    if content.startswith(b"%PDF-"):
        return "PDF"
    raise InvalidInput("Only pictures (PNG, JPEG, WebP) and PDF files can be kept; this is something else, whatever "
                       "its name says.", code="file-type", place="file")


def safe_form(content: bytes, place: str = "file") -> tuple[bytes, str]:
    """The bytes to keep and their media type: a picture drawn anew without what the camera wrote into it, a PDF as
    it is. Raises InvalidInput for what is damaged or disguised, TooLarge for too many pixels."""
    if not content:
        raise InvalidInput("The file is empty.", code="file-empty", place=place)
    kind = kind_of(content)
    if kind == "PDF":
        _check_pdf(content, place)
        return content, "application/pdf"
    return _redrawn(content, kind, place), f"image/{kind.lower()}"


def _check_pdf(content: bytes, place: str) -> None:
    if b"%%EOF" not in content[-_PDF_TAIL:] or b"startxref" not in content[-_PDF_TAIL:]:
        raise InvalidInput("This PDF is damaged: its end is missing. Export it again.", code="file-damaged",
                           place=place)
    if zipfile.is_zipfile(io.BytesIO(content)):
        raise InvalidInput("This PDF is a ZIP archive at the same time and is not kept.", code="file-disguised",
                           place=place)
    if any(word in content for word in _ACTIVE):
        raise InvalidInput("This PDF holds a program. Print it to a new PDF and send that one.", code="file-active",
                           place=place)


def _redrawn(content: bytes, kind: str, place: str) -> bytes:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with _DRAWING, warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=(kind,))
            width, height = picture.size
            if width * height > MOST_PIXELS:
                raise TooLarge("The picture has %(pixels)d million pixels; %(most)d million is the most.",
                               code="too-many-pixels", place=place, pixels=width * height // 1_000_000,
                               most=MOST_PIXELS // 1_000_000)
            picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            turned = ImageOps.exif_transpose(picture)
            plain = turned.convert("RGBA" if "A" in turned.getbands() or "transparency" in turned.info else "RGB")
            if kind == "JPEG":
                plain = plain.convert("RGB")
            fresh = Image.new(plain.mode, plain.size)
            fresh.paste(plain)
            out = io.BytesIO()
            fresh.save(out, kind, **_SAVING[kind])
            return out.getvalue()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise InvalidInput("This picture is damaged and cannot be read.", code="file-damaged", place=place) from error
