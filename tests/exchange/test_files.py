"""Files as they come: encodings, titles, merged cells – and those that must be refused."""

import contextlib
import datetime as dt
import os
import random
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from app.exchange import file_checks, mapping_guess, reader_process, workbook
from app.exchange.csv_file import csv_rows
from app.kernel.errors import ImportRejected
from tests.exchange.conftest import write_csv, write_xlsx

pytestmark = pytest.mark.pure

ROWS = [["客户编码", "客户名称"], ["440100000001", "一号店"], ["440100000002", "二号店，分店"]]


def read(path: Path, worksheet: str | None = None) -> list[tuple[int, list[Any]]]:
    return [(number, list(row)) for number, row in workbook.read_rows(path, worksheet)]


def refusal(path: Path, worksheet: str | None = None) -> str:
    with pytest.raises(ImportRejected) as refused:
        read(path, worksheet)
    return refused.value.message_id


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str):
    path = write_csv(tmp_path / "a.csv", ROWS, encoding)
    assert [row for _number, row in read(path)] == ROWS


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path: Path, delimiter: str):
    path = tmp_path / "a.csv"
    lines = [delimiter.join(f'"{cell}"' for cell in row) for row in ROWS]
    path.write_text("\r\n".join(lines), encoding="utf-8")
    assert [row for _number, row in read(path)] == ROWS


def test_one_column_and_blank_lines(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("code\n\n1\n\n2\n")
    assert list(csv_rows(path)) == [(1, ["code"]), (3, ["1"]), (5, ["2"])]


def test_a_late_foreign_character_decides_the_encoding(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_bytes(
        b"code,name\n" + (b"1," + b"x" * 98 + b"\n") * 12_000 + "2,店\n".encode("gb18030")
    )
    *_others, (_number, last) = csv_rows(path)
    assert last == ["2", "店"]


def test_broken_characters_are_located(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"code,name\n1,\xff\xff\n")
    with pytest.raises(ImportRejected, match="at byte 13"):
        list(csv_rows(path))


def test_an_open_quotation_mark_is_located(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text('code,name\n1,"never closed\n' + "2,x\n" * 20_000)
    with pytest.raises(ImportRejected, match="from row 2 on"):
        list(csv_rows(path))


def test_workbook_with_title_merged_cells_formulas_and_dates(tmp_path: Path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet("数据")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        page.merge_range("B1:E1", "Customers of the year")
        page.write_row("B3", ["code", "name", "date", "sum"])
        page.merge_range("C4:C6", "merged")
        for row in range(3, 6):
            page.write_number(row, 1, 440100000001 + row)
            page.write_datetime(row, 3, dt.date(2026, 1, row), day)
            page.write_formula(row, 4, "=1+1", None, 2)
        page.write(6, 1, True)  # noqa: FBT003 -- a cell
        book.add_worksheet("empty")
        book.add_worksheet("hidden").hide()
    top = workbook.read_top(path)
    assert (top.worksheets, top.worksheet) == (("数据", "empty"), "数据")
    assert read(path)[2:] == [
        (4, [440100000004.0, "merged", "2026-01-03", 2.0]),
        (5, [440100000005.0, "merged", "2026-01-04", 2.0]),
        (6, [440100000006.0, "merged", "2026-01-05", 2.0]),
        (7, ["TRUE", "", "", ""]),
    ]
    assert workbook.read_top(path, "empty").rows == ()
    assert refusal(path, "hidden") == workbook.NO_WORKSHEET


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def members_of(tmp_path: Path) -> dict[str, bytes]:
    source = write_xlsx(tmp_path / "source.xlsx", [["code"], ["1"]])
    with zipfile.ZipFile(source) as file:
        return {name: file.read(name) for name in file.namelist()}


SHEET = "xl/worksheets/sheet1.xml"
GRID = (
    b'<?xml version="1.0"?><worksheet '
    b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData>'
    b"</worksheet>"
)


def test_the_1_4_kb_killer_dies_alone(tmp_path: Path):
    cells = (
        b'<row r="1"><c r="A1"><v>1</v></c></row>'
        b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    )
    path = archive(tmp_path / "a.xlsx", {**members_of(tmp_path), SHEET: GRID % cells})
    assert refusal(path) == workbook.TOO_COMPLEX


def test_a_wide_grid_meets_the_memory_limit(tmp_path: Path):
    cells = b"".join(
        b'<row r="%d"><c r="A%d"><v>1</v></c><c r="XFD%d"><v>1</v></c></row>' % (n, n, n)
        for n in range(1, 5000)
    )
    path = archive(tmp_path / "a.xlsx", {**members_of(tmp_path), SHEET: GRID % cells})
    assert refusal(path) == workbook.TOO_COMPLEX


def test_zip_bomb(tmp_path: Path):
    bomb = {**members_of(tmp_path), SHEET: b"\0" * (file_checks.FREE_UNPACKED + 1)}
    assert refusal(archive(tmp_path / "a.xlsx", bomb)) == file_checks.TOO_BIG


def test_a_bomb_that_lies_about_its_size_dies_alone(tmp_path: Path):
    data = GRID % (b'<row r="1"><c r="A1" t="inlineStr"><is><t>' + b"x" * 30_000_000)
    path = archive(tmp_path / "a.xlsx", {**members_of(tmp_path), SHEET: data})
    raw = path.read_bytes().replace(len(data).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    path.write_bytes(raw)
    assert refusal(path) in (file_checks.DAMAGED, workbook.TOO_COMPLEX)


def test_too_many_members(tmp_path: Path):
    many = {f"x{number}": b"" for number in range(file_checks.MOST_MEMBERS + 1)}
    assert refusal(archive(tmp_path / "a.xlsx", many)) == file_checks.TOO_BIG


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", file_checks.EMPTY),
        (b" \r\n\t", file_checks.EMPTY),
        (b"%PDF-1.7 ...", file_checks.WRONG_TYPE),
        (b"\x89PNG\r\n\x1a\n....", file_checks.WRONG_TYPE),
        (b"<html><table></table></html>", file_checks.WRONG_TYPE),
        (b"MZ\x90\x00\x03\x00", file_checks.WRONG_TYPE),
        (b"PK\x03\x04" + b"x" * 100, file_checks.DAMAGED),
        (file_checks.OLE_MAGIC + b"\0" * 600, file_checks.OLD_EXCEL),
        (file_checks.OLE_MAGIC + b"\0" * 600 + file_checks.ENCRYPTED, file_checks.PROTECTED),
    ],
)
def test_wrong_files_are_refused_with_the_remedy(tmp_path: Path, content: bytes, reason: str):
    path = tmp_path / "upload.xlsx"
    path.write_bytes(content)
    assert refusal(path) == reason


def test_other_archives_and_encrypted_ones(tmp_path: Path):
    assert refusal(archive(tmp_path / "a.xlsx", {"word/document.xml": b""})) == (
        file_checks.WRONG_TYPE
    )
    path = write_xlsx(tmp_path / "b.xlsx", ROWS)
    raw = bytearray(path.read_bytes())
    at = raw.find(b"PK\x01\x02")
    raw[at + 8] |= 1
    path.write_bytes(bytes(raw))
    assert refusal(path) == file_checks.PROTECTED


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_truncated_workbooks(tmp_path: Path, share: float):
    path = write_xlsx(tmp_path / "a.xlsx", ROWS * 50)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    assert refusal(path) == file_checks.DAMAGED


def test_mutated_files_are_read_or_refused(tmp_path: Path):
    """A bounded fuzz: the reader answers rows or `ImportRejected`, never anything else."""
    chance = random.Random(20261124)  # noqa: S311 -- the same mutants every time
    seeds = [
        write_xlsx(tmp_path / "seed.xlsx", ROWS * 5).read_bytes(),
        write_csv(tmp_path / "seed.csv", ROWS * 5, "gb18030").read_bytes(),
        archive(tmp_path / "grid.xlsx", {**members_of(tmp_path), SHEET: GRID % b""}).read_bytes(),
    ]
    path = tmp_path / "mutant"
    refused = 0
    for turn in range(60):
        raw = bytearray(seeds[turn % len(seeds)])
        for _change in range(chance.randint(1, 8)):
            at = chance.randrange(len(raw))
            match chance.randrange(3):
                case 0:
                    raw[at] = chance.randrange(256)
                case 1:
                    del raw[at : at + chance.randint(1, 50)]
                case _:
                    raw[at:at] = chance.randbytes(chance.randint(1, 20))
            raw = raw or bytearray(b"x")
        path.write_bytes(bytes(raw))
        try:
            read(path)
        except ImportRejected:
            refused += 1
    assert 0 < refused < 60


def test_the_reading_process_limits_itself():
    script = (
        "import resource, runpy, sys\n"
        f"module = runpy.run_path({reader_process.__file__!r})\n"
        "module['limit_resources']()\n"
        "print(resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_CPU)[0])"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True, timeout=60
    )
    assert said.stdout.split() == [str(1 << 30), "60"]


def test_stopping_early_leaves_no_process(tmp_path: Path):
    path = write_xlsx(tmp_path / "a.xlsx", [["code", "name"]] + [[n, "x"] for n in range(5000)])
    # A test before may have left the browser and the web server running; not waitpid(-1), which
    # would wait for their end.
    before = children()
    rows = workbook.read_rows(path)
    next(rows)
    assert len(children() - before) == 1
    rows.close()
    assert children() <= before


def children() -> set[int]:
    """Ids of the processes this one started and has not collected."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.add(int(stat.parent.name))
    return found


def test_headers_are_told_apart():
    assert mapping_guess.header_texts(["a", "a", None, " b ", ""]) == ("a", "a (2)", "#3", "b")
