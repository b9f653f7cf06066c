"""Which passwords are taken."""

import pytest

from app.security.password_rules import WeakPassword, check_password

pytestmark = pytest.mark.pure

PERSON = ("li.wei", "E1042", "李", "Wei")

GOOD = [
    "Quiet-harbour-9-lanterns",
    "four plain words walking",
    "七月的风吹过山里的茶园和小河",
    "x9$Kq2!mZp7&tR",
]
BAD = [
    "short1!A",
    "password1234",
    "Password123456",
    "qwertyuiop[]",
    "1qaz2wsx3edc4rfv",
    "aaaaaaaaaaaaaa",
    "abcdefghijklmn",
    "123456789012",
    "li.wei-and-the-teapot",
    "E1042 walks to the shop",
    " leading blank is bad ",
    "nul\x00is refused here too",
    "portal135portal135",
    "x" * 129,
]


@pytest.mark.parametrize("password", GOOD)
def test_good_passwords_are_taken(password: str):
    check_password(password, PERSON)


@pytest.mark.parametrize("password", BAD)
def test_bad_passwords_are_refused(password: str):
    with pytest.raises(WeakPassword):
        check_password(password, PERSON)
