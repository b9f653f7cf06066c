"""Addresses are read without trusting them."""

import pytest

from app.kernel.list_request import ascii_integer, safe_return_path

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        (" 7 ", 7),
        ("-3", -3),
        ("", None),
        (None, None),
        ("1e3", None),
        ("١٢", None),
        ("9" * 19, None),
        ("--1", None),
    ],
)
def test_only_plain_digits_are_a_number(text: str | None, number: int | None) -> None:
    assert ascii_integer(text) == number


@pytest.mark.parametrize(
    "path", ["/customers/list/", "/customers/list/?q_name=%E5%BA%97&page_X=2", "/"]
)
def test_own_paths_are_returned_to(path: str) -> None:
    assert safe_return_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "list/",
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x=1",
        "/" + "x" * 2001,
    ],
)
def test_other_places_are_not(path: str | None) -> None:
    assert safe_return_path(path) is None
