"""Finding a Chinese font, and what is said when there is none."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

from labels import fonts
from labels.fonts import FontFound
from labels.typeface import face
from tests.conftest import missing


def truetype(path: Path) -> Path:
    """A real TrueType file under another name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(fonts.latin_with(None).regular, path)
    return path


def collection(path: Path, *kinds: bytes) -> Path:
    """The heads of a collection file whose fonts are of these kinds."""
    start = 12 + 4 * len(kinds)
    offsets = [start + 4 * number for number in range(len(kinds))]
    head = b"ttcf" + struct.pack(f">{2 + len(kinds)}I", 0x00010000, len(kinds), *offsets)
    path.write_bytes(head + b"".join(kinds))
    return path


def test_a_known_file_is_found_in_a_folder_below(tmp_path: Path) -> None:
    path = truetype(tmp_path / "truetype" / "wqy" / "simhei.ttf")
    assert fonts.find_cjk([tmp_path], list) == FontFound(path, 0)


def test_the_better_of_two_fonts_is_taken(tmp_path: Path) -> None:
    truetype(tmp_path / "a" / "simhei.ttf")
    best = truetype(tmp_path / "b" / "NotoSansSC-Regular.ttf")
    assert fonts.find_cjk([tmp_path], list) == FontFound(best, 0)


def test_the_first_font_of_a_collection_is_taken(tmp_path: Path) -> None:
    path = collection(tmp_path / "wqy-microhei.ttc", b"\x00\x01\x00\x00", b"\x00\x01\x00\x00")
    assert fonts.find_cjk([tmp_path], list) == FontFound(path, 0)


def test_a_font_with_postscript_outlines_is_passed_over(tmp_path: Path) -> None:
    collection(tmp_path / "wqy-microhei.ttc", b"OTTO")
    plain = truetype(tmp_path / "wqy-zenhei.ttc")
    assert fonts.find_cjk([tmp_path], list) == FontFound(plain, 0)


def test_what_fontconfig_lists_is_the_second_choice(tmp_path: Path) -> None:
    listed = collection(tmp_path / "other.ttc", b"OTTO", b"true")
    listing = [(tmp_path / "gone.ttf", 0), (listed, 0), (listed, 7), (listed, 1)]
    assert fonts.find_cjk([tmp_path], lambda: listing) == FontFound(listed, 1)


def test_without_any_font_none_is_found_and_the_advice_names_the_package(tmp_path: Path) -> None:
    assert fonts.find_cjk([tmp_path, tmp_path / "missing"], list) is None
    assert "fonts-wqy-microhei" in fonts.advice()


def test_an_empty_or_unreadable_file_is_no_font(tmp_path: Path) -> None:
    (tmp_path / "simhei.ttf").write_bytes(b"")
    (tmp_path / "msyh.ttc").mkdir()
    assert fonts.find_cjk([tmp_path], list) is None


def test_the_font_of_this_machine_is_one_of_truetype_outlines_with_chinese() -> None:
    found = fonts.find_cjk()
    if found is None:
        missing(f"no Chinese font is here; {fonts.advice()}")
    assert fonts.is_truetype(found.path, found.index)
    assert all(face(found.path, found.index).glyph(character) for character in "批号有效期至生产日期敷料")


def test_fontconfig_lists_files_that_exist() -> None:
    if shutil.which("fc-list") is None:
        assert list(fonts.fontconfig_listing()) == []
    else:
        assert all(path.is_file() and index >= 0 for path, index in fonts.fontconfig_listing())
