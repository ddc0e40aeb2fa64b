"""Files are what their content says, kept once, without what a photo carries along."""
from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import func, select

from traceapp.attachment.content import MOST_BYTES, check_file
from traceapp.attachment.model import Attachment, StoredFile
from traceapp.attachment.service import FileStore, NewFile, add_file, attachments_of
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput, NotFound, TooLarge
from traceapp.db import Database

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def photo(kind: str = "JPEG", size: tuple[int, int] = (40, 30), exif: bool = False) -> bytes:
    image = Image.new("RGB", size, (180, 60, 60))
    out = BytesIO()
    if exif:
        data = Image.Exif()
        data[0x010F] = "CAMERA-MAKER"
        data.get_ifd(0x8825)[1] = "N"
        image.save(out, format=kind, exif=data)
    else:
        image.save(out, format=kind)
    return out.getvalue()


def a_zip() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "x")
    return out.getvalue()


def test_a_photo_loses_what_it_carried_along() -> None:
    original = photo(exif=True)
    assert b"CAMERA-MAKER" in original
    kept = check_file("rash.jpg", original)
    assert b"CAMERA-MAKER" not in kept.content
    with Image.open(BytesIO(kept.content)) as image:
        assert not image.getexif()
        assert image.size == (40, 30)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_photos_are_taken_in_three_formats(kind: str) -> None:
    assert check_file("x", photo(kind)).media_type == f"image/{kind.lower()}"


@pytest.mark.parametrize(("name", "content", "code"), [
    ("report.pdf", a_zip(), "wrong-kind-of-file"), ("photo.jpg", b"<script>alert(1)</script>", "wrong-kind-of-file"),
    ("photo.png", photo("PNG")[:60], "broken-file"), ("report.pdf", b"%PDF-1.7\nhalf", "broken-file"),
    ("empty.pdf", b"", "invalid-input"), ("photo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "wrong-kind-of-file"),
])
def test_what_a_file_is_called_does_not_matter(name: str, content: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_file(name, content)
    assert refused.value.code == code
    assert name in refused.value.text


def test_fifty_megabytes_are_refused_before_they_are_read_whole(sqlite: Database, clock: FixedClock, actor: Actor,
                                                                tmp_path: Path) -> None:
    class Endless(BytesIO):
        taken = 0

        def read(self, size: int | None = -1) -> bytes:
            assert size is not None and size > 0, "asked for everything"
            Endless.taken += size
            return b"\xff" * size

    with pytest.raises(TooLarge), sqlite.write() as session:
        add_file(session, actor, clock, NewFile("complaint:1", "big.jpg", Endless()), store=FileStore(tmp_path))
    assert Endless.taken <= MOST_BYTES + 1


def test_a_small_file_that_unpacks_to_a_huge_picture_is_refused() -> None:
    huge = Image.new("1", (9000, 9000))
    out = BytesIO()
    huge.save(out, format="PNG")
    assert len(out.getvalue()) < 100_000
    with pytest.raises((TooLarge, InvalidInput)):
        check_file("bomb.png", out.getvalue())


def test_the_same_content_is_kept_once(database: Database, clock: FixedClock, actor: Actor, tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    with database.write() as session:
        first = add_file(session, actor, clock, NewFile("inspection:1", "a.pdf", PDF), store=store)
        second = add_file(session, actor, clock, NewFile("inspection:2", "../../b.pdf", PDF), store=store)
    assert first.sha256 == second.sha256
    assert second.name == "b.pdf"
    assert store.is_whole(first.sha256)
    with store.open(first.sha256) as file:
        assert file.read() == PDF
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(StoredFile)) == 1
        assert session.scalar(select(func.count()).select_from(Attachment)) == 2
        assert [stored.media_type for _, stored in attachments_of(session, "inspection:2")] == ["application/pdf"]


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    digest = store.put(PDF)
    store.path(digest).write_bytes(PDF + b" ")
    assert not store.is_whole(digest)


@pytest.mark.parametrize("digest", ["../../etc/passwd", "abc", "", "A" * 64])
def test_only_digests_lead_to_files(tmp_path: Path, digest: str) -> None:
    with pytest.raises(NotFound):
        FileStore(tmp_path).open(digest)


@given(content=st.binary(max_size=200), head=st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"%PDF-", b"RIFF0000WEBP"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_content_does_anything_but_pass_or_be_refused(content: bytes, head: bytes) -> None:
    try:
        assert check_file("x", head + content).media_type
    except (InvalidInput, TooLarge) as refused:
        assert refused.text
