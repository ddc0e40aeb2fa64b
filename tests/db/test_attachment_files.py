"""Files: what is taken in, in which form it is kept, and where."""
from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import func, select

from traceapp.attachment.model import Attachment, StoredFile
from traceapp.attachment.service import (
    FileStore,
    NewFile,
    add_file,
    attachments_of,
    forget_files,
    open_file,
    shown_name,
)
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import InvalidInput, NotFound, TooLarge
from traceapp.db import Database

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\nstartxref\n9\n%%EOF\n"


def picture(kind: str, size: tuple[int, int] = (40, 20), *, turned: bool = False) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "a camera maker"
    if turned:
        exif[0x0112] = 6
    Image.new("RGB", size, (200, 30, 60)).save(out, kind, exif=exif)
    return out.getvalue()


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("a.txt", "x")
    return out.getvalue()


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files", limit_bytes=200_000)


def test_the_same_file_is_kept_once_and_hangs_where_it_was_put(
        database: Database, actor: Actor, clock: FixedClock, store: FileStore) -> None:
    with database.write() as session:
        for about in ("inspection:1", "inspection:1", "complaint:2"):
            add_file(session, actor, clock, NewFile(about, "报告.pdf", PDF), store=store)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(StoredFile)) == 1
        found = attachments_of(session, "inspection:1")
        assert [row.name for row in found] == ["报告.pdf", "报告.pdf"]
    with open_file(store, found[0].sha256) as file:
        assert file.read() == PDF
    assert sum(path.is_file() for path in store.directory.rglob("*")) == 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_kept_upright_and_without_what_the_camera_wrote(
        sqlite: Database, actor: Actor, clock: FixedClock, store: FileStore, kind: str) -> None:
    with sqlite.write() as session:
        row = add_file(session, actor, clock, NewFile("complaint:1", "p.pdf", picture(kind, turned=True)),
                       store=store)
    with open_file(store, row.sha256) as file, Image.open(file) as kept:
        assert (kept.format, kept.size) == (kind, (20, 40))
        assert not dict(kept.getexif())
    assert row.name == {"PNG": "p.png", "JPEG": "p.jpg", "WEBP": "p.webp"}[kind]


@pytest.mark.parametrize(("content", "code"), [
    (archive(), "file-type"), (b"", "file-empty"), (b"%PDF-1.7 cut", "file-damaged"),
    (PDF + archive() + b"\nstartxref\n%%EOF", "file-disguised"),
    (PDF.replace(b"<<>>endobj", b"<</S/JavaScript>>endobj"), "file-active"),
    (picture("PNG")[:60], "file-damaged"), (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "file-damaged"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "file-type"),
    (b"RIFF\0\0\0\0WEBPVP8 ", "file-damaged"), (b"GIF89a", "file-type"),
])
def test_what_is_damaged_or_something_else_is_refused_and_not_kept(
        sqlite: Database, actor: Actor, clock: FixedClock, store: FileStore, content: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as error, sqlite.write() as session:
        add_file(session, actor, clock, NewFile("complaint:1", "x.pdf", content), store=store)
    assert error.value.code == code
    assert not list(store.directory.rglob("*"))
    with sqlite.read() as session:
        assert session.scalar(select(func.count()).select_from(Attachment)) == 0


def test_a_file_over_the_limit_is_refused_without_reading_it_all(
        sqlite: Database, actor: Actor, clock: FixedClock, store: FileStore) -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return b"\xff" * size

    stream = Endless()
    with pytest.raises(TooLarge), sqlite.write() as session:
        add_file(session, actor, clock, NewFile("complaint:1", "x.jpg", stream), store=store)  # type: ignore[arg-type]
    assert stream.given == store.limit_bytes + 1


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_drawn(
        sqlite: Database, actor: Actor, clock: FixedClock, store: FileStore) -> None:
    out = io.BytesIO()
    Image.new("1", (30_000, 2_000)).save(out, "PNG")
    with pytest.raises(TooLarge) as error, sqlite.write() as session:
        add_file(session, actor, clock, NewFile("complaint:1", "x.png", out.getvalue()), store=store)
    assert error.value.code == "too-many-pixels"


def test_a_forgotten_file_goes_from_the_disk_unless_it_hangs_elsewhere_too(
        database: Database, actor: Actor, clock: FixedClock, store: FileStore) -> None:
    with database.write() as session:
        alone = add_file(session, actor, clock, NewFile("draft:1", "a.png", picture("PNG")), store=store)
        shared = add_file(session, actor, clock, NewFile("draft:1", "b.pdf", PDF), store=store)
        add_file(session, actor, clock, NewFile("complaint:2", "c.pdf", PDF), store=store)
    with database.write() as session:
        assert forget_files(session, actor, clock, attachments_of(session, "draft:1"), store=store) == 2
    assert not store.path_of(alone.sha256).exists()
    assert store.path_of(shared.sha256).exists()
    with database.read() as session:
        assert list(session.scalars(select(StoredFile.sha256))) == [shared.sha256]
        assert [row.about for row in session.scalars(select(Attachment))] == ["complaint:2"]
    with database.write() as session:  # the same picture may come again
        add_file(session, actor, clock, NewFile("complaint:3", "a.png", picture("PNG")), store=store)
    assert store.path_of(alone.sha256).exists()


def test_a_file_that_is_not_there_is_said_to_be_missing(store: FileStore) -> None:
    for name in ("../../etc/passwd", "a" * 64):
        with pytest.raises(NotFound):
            open_file(store, name)


@pytest.mark.parametrize(("given", "shown"), [
    ("C:\\scans\\Bericht.exe", "Bericht.pdf"), ("../../a/b", "b.pdf"), ("", "file.pdf"), ("a\x00\nb.pdf", "ab.pdf"),
    ("x" * 300, "x" * 196 + ".pdf"),
])
def test_a_name_loses_folders_and_gets_the_ending_that_is_true(given: str, shown: str) -> None:
    assert shown_name(given, "application/pdf") == shown
