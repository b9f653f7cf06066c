"""What a password must be. Length and guessability count, not kinds of characters.

`zxcvbn` estimates how many guesses a password takes: it knows common passwords, words, names,
dates, repeats and keyboard walks, also with the usual substitutions.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from flask import current_app
from werkzeug.security import check_password_hash, generate_password_hash
from zxcvbn import zxcvbn

from app.kernel.errors import N_, PlanningError

SHORTEST = 12
LONGEST = 128
LEAST_SCORE = 3
"""zxcvbn's scale 0–4; 3 = more than 10^8 guesses, safe against guessing online and offline."""
ESTIMATED = 72
"""zxcvbn takes at most so many characters; the rest only makes it stronger."""
SHORTEST_WORD = 3
WORDS_OF_THE_PORTAL = ("portal", "135", "method", "tobacco", "yancao", "kehujingli", "password")


class WeakPassword(PlanningError):
    """The password is refused; the text says why."""

    msgid = N_("This password is too easy to guess. Use a sentence of several unrelated words.")


def check_password(password: str, personal: Iterable[str | None] = (), field: str = "") -> None:
    """Errors: `WeakPassword`. `personal` are words of the person: user name, number, names."""
    at = field or None
    if len(password) < SHORTEST:
        raise WeakPassword(
            N_("At least %(count)d characters are needed."), field=at, count=SHORTEST
        )
    if len(password) > LONGEST:
        raise WeakPassword(
            N_("At most %(count)d characters are possible."), field=at, count=LONGEST
        )
    if "\x00" in password or password != password.strip():
        raise WeakPassword(N_("The password may not begin or end with a blank."), field=at)
    words = [word for word in personal if word and len(word) >= SHORTEST_WORD]
    lowered = password.casefold()
    if any(word.casefold() in lowered for word in words):
        raise WeakPassword(
            N_("The password may not contain the user name, employee number or name."), field=at
        )
    estimate = zxcvbn(password[:ESTIMATED], user_inputs=[*words, *WORDS_OF_THE_PORTAL])
    if estimate["score"] < LEAST_SCORE:
        raise WeakPassword(field=at)


def hashed(password: str) -> str:
    """The password as it is stored."""
    return generate_password_hash(password, method=current_app.config["FAB_PASSWORD_HASH_METHOD"])


@cache
def _decoy(method: str) -> str:
    return generate_password_hash("nobody has this password", method=method)


def matches(stored: str | None, password: str) -> bool:
    """Whether `password` is the stored one; takes as long when there is none."""
    if stored is None:
        check_password_hash(_decoy(current_app.config["FAB_PASSWORD_HASH_METHOD"]), password)
        return False
    return check_password_hash(stored, password)
