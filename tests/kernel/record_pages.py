"""What the tests of the record views read from pages and rows."""

import re
from html import unescape
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.kernel.db import db
from app.master.models.customer import Customer


def customer(records: Flask, code: str) -> dict[str, Any]:
    """The stored values of a customer."""
    with records.app_context():
        item = db.session.scalars(select(Customer).where(Customer.code == code)).one()
        names = ("id", "name", "owner", "grade", "version", "visit_mode", "territory_id", "phone")
        return {name: getattr(item, name) for name in names}


def count_of(page: str) -> int:
    """How many records the list says it has (the page shows "1–25 of 60" in any language)."""
    foot = page[page.index('class="list-foot"') :]
    numbers = re.findall(r"\d+", foot[: foot.index("</span>")].split(">")[-1])
    return int(numbers[-1])


def edit_data(page: str) -> dict[str, str]:
    """What a browser would send back from an edit page without touching anything."""
    form = page[page.index('<form class="card record-form"') :]
    form = form[: form.index("</form>")]
    data = {
        name: unescape(value)
        for name, value in re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', form)
    }
    for name, value in re.findall(r'<input[^>]*?value="([^"]*)"[^>]*?name="([^"]+)"', form):
        data.setdefault(value, unescape(name))
    for attributes, options in re.findall(r"<select ([^>]+)>(.*?)</select>", form, re.DOTALL):
        name = re.search(r'name="([^"]+)"', attributes)
        chosen = re.search(r'<option selected value="([^"]*)"|value="([^"]*)" selected', options)
        if name:
            data[name[1]] = (chosen[1] or chosen[2] or "") if chosen else ""
    return data


def page_of(client: FlaskClient, url: str, status: int = 200) -> str:
    answer = client.get(url)
    assert answer.status_code == status, url
    return answer.get_data(as_text=True)
