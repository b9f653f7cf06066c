"""The words of an entry grid's script, translated."""

from __future__ import annotations

from flask_babel import gettext as _


def grid_words() -> dict[str, str]:
    """Key → text; {braces} are filled in by app/static/portal/entry_grid.js."""
    return {
        "empty": _("No customer here."),
        "loading": _("Loading…"),
        "ready": _("Every entry is saved by itself."),
        "readOnly": _("You can look at these entries, not change them."),
        "yes": _("Yes"),
        "no": _("No"),
        "locked": _("This row is confirmed. Withdraw the confirmation first."),
        "notUsable": _("“%(value)s” cannot be used here.", value="{value}"),
        "pasted": _(
            "Pasted: %(taken)s taken, %(bad)s not usable, %(outside)s outside the table.",
            taken="{taken}",
            bad="{bad}",
            outside="{outside}",
        ),
        "unsaved": _("%(count)s rows not saved yet", count="{count}"),
        "saving": _("Saving…"),
        "saved": _("All saved, %(time)s", time="{time}"),
        "someRefused": _("%(count)s entries were refused: see the red cells", count="{count}"),
        "offline": _(
            "No connection. Trying again in %(seconds)s s; your entries are kept in this browser.",
            seconds="{seconds}",
        ),
        "signedOut": _(
            "You are signed out. Your entries are kept in this browser: sign in again in another "
            "tab, then reload this page."
        ),
        "restored": _(
            "Entries of %(count)s rows that were not saved last time are being saved now.",
            count="{count}",
        ),
    }
