"""List pages of customers through the test client, as the company's administrator.

Rivals show the same twelve columns of the same rows, 25 a page, in the look and with the search
form they bring along. A page's time is the median processor time of its requests after a warm-up.
The first page and the searched one must show the same customers. The portal searches the name, the
code and the phone number, the rivals only the name.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, select, text

from benchmarks.demo_database import demo_environment
from benchmarks.monthly_analysis import copied, largest_company
from benchmarks.work import Case, Work

REPEATS = 9
WARM_UP = 2
PAGE_SIZE = 25
PASSWORD = "Visit-plan-135"  # noqa: S105 -- the made-up company's public one
SEARCHED = "超市"
CODE = re.compile(r"\b\d{12}\b")

COLUMNS = (
    "name", "code", "visit_mode", "visit_frequency", "frequency_source", "line", "grade",
    "business_type", "market_type", "scale", "territory", "status",
)  # fmt: skip

Pages = Mapping[str, str]
"""Name of the page → its address."""


def prepare(case: Case) -> None:
    demo = Path(demo_environment(case.size)["PORTAL_DATA_DIR"]) / "portal.db"
    shutil.copyfile(demo, case.folder / "start.db")


def administrator(case: Case) -> str:
    return "admin" if case.size == "small" else f"{case.size}.admin"


class Visit:
    """Fetches pages again and again; `get` gives (status, text)."""

    def __init__(
        self,
        customers: int,
        get: Callable[[str], tuple[int, str]],
        pages: Pages,
        statements: Callable[[], int],
    ) -> None:
        self.get, self.statements = get, statements
        has_page_1000 = customers >= 1000 * PAGE_SIZE
        self.pages = {
            name: url for name, url in pages.items() if has_page_1000 or name != "page 1000"
        }
        self.texts: dict[str, str] = {}
        self.facts: dict[str, float] = {}

    def run(self) -> dict[str, float]:
        return {name: self._page(name, url) for name, url in self.pages.items()}

    def _page(self, name: str, url: str) -> float:
        times = []
        for turn in range(WARM_UP + REPEATS):
            before, started = self.statements(), time.process_time()
            status, body = self.get(url)
            if turn >= WARM_UP:
                times.append(time.process_time() - started)
            if status != 200:
                raise SystemExit(f"{url} answered {status}")
            self.facts[f"statements of {name}"] = self.statements() - before
            self.texts[name] = body
        self.facts["kB of first page"] = len(self.texts["first page"].encode()) // 1024
        return statistics.median(times)

    def answer(self) -> Mapping[str, Any]:
        """Codes of the customers, in the order they are shown."""
        return {
            name: list(dict.fromkeys(CODE.findall(body)))
            for name, body in self.texts.items()
            if name in ("first page", "name contains")
        }

    def work(self) -> Work:
        return Work(self.run, self.answer, facts=self.facts)


def counted() -> Callable[[], int]:
    """How many statements SQLAlchemy has run since."""
    seen = [0]

    @event.listens_for(Engine, "before_cursor_execute")
    def _count(*_: Any) -> None:
        seen[0] += 1

    return lambda: seen[0]


def flask_get(client: Any) -> Callable[[str], tuple[int, str]]:
    def get(url: str) -> tuple[int, str]:
        response = client.get(url)
        return response.status_code, response.get_data(as_text=True)

    return get


def log_in(client: Any, username: str) -> None:
    page = client.get("/login/").get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    form = {"username": username, "password": PASSWORD}
    if token:
        form["csrf_token"] = token[1]
    if client.post("/login/", data=form).status_code not in (302, 303):
        raise SystemExit(f"{username} could not log in")


def portal(case: Case) -> Work:
    return portal_pages(copied(case), administrator(case), case.amount)


def portal_pages(database: Path, username: str, customers: int) -> Work:
    os.environ["PORTAL_DATABASE_URL"] = f"sqlite:///{database}"
    from app import create_app

    client = create_app().test_client()
    log_in(client, username)
    first = f"/customers/list/?psize_CustomerView={PAGE_SIZE}"
    pages = {
        "first page": first,
        "page 1000": f"{first}&page_CustomerView=999",
        "sorted by name": f"{first}&_oc_CustomerView=name&_od_CustomerView=asc",
        "name contains": f"{first}&q_name={SEARCHED}",
    }
    return Visit(customers, flask_get(client), pages, counted()).work()


def stock_fab(case: Case) -> Work:
    """The same model in Flask-AppBuilder's own list."""
    from flask import Flask
    from flask_appbuilder import AppBuilder, ModelView
    from flask_appbuilder.models.sqla.interface import SQLAInterface
    from flask_appbuilder.security.sqla.manager import SecurityManager

    import config
    from app.kernel.db import db
    from app.models import Customer, PortalUser

    class StockSecurity(SecurityManager):
        user_model = PortalUser

    class StockView(ModelView):
        datamodel = SQLAInterface(Customer)
        route_base = "/customers"
        list_columns = list(COLUMNS)
        search_columns = list(COLUMNS)
        base_order = ("code", "asc")
        page_size = PAGE_SIZE

    app = Flask("stock")
    app.config.from_mapping(config.load_settings(os.environ))
    app.config.update(
        FAB_UPDATE_PERMS=True,
        WTF_CSRF_ENABLED=False,
        FAB_BASE_TEMPLATE="appbuilder/baselayout.html",
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{copied(case)}",
    )
    db.init_app(app)
    with app.app_context():
        builder = AppBuilder(security_manager_class=StockSecurity)
        builder.init_app(app, db.session)
        builder.add_view(StockView, "Customers")
    client = app.test_client()
    log_in(client, administrator(case))
    pages = {
        "first page": "/customers/list/",
        "page 1000": "/customers/list/?page_StockView=999",
        "sorted by name": "/customers/list/?_oc_StockView=name&_od_StockView=asc",
        "name contains": f"/customers/list/?_flt_2_name={SEARCHED}",
    }
    return Visit(case.amount, flask_get(client), pages, counted()).work()


def flask_admin(case: Case) -> Work:
    from flask import Flask
    from flask_admin import Admin
    from flask_admin.contrib.sqla import ModelView
    from flask_babel import Babel
    from sqlalchemy.orm import scoped_session, sessionmaker

    from app.models import Customer

    class CustomerAdmin(ModelView):
        column_list = COLUMNS
        column_default_sort = "code"
        column_sortable_list = ("name", "code")
        column_searchable_list = ("name",)
        column_auto_select_related = True
        form_excluded_columns = tuple(Customer.__mapper__.relationships.keys())
        page_size = PAGE_SIZE

    app = Flask("flask-admin")
    app.config["SECRET_KEY"] = "a benchmark's"  # noqa: S105
    Babel(app)
    session = scoped_session(sessionmaker(create_engine(f"sqlite:///{copied(case)}")))
    Admin(app, name="Customers").add_view(CustomerAdmin(Customer, session, endpoint="customers"))
    pages = {
        "first page": "/admin/customers/",
        "page 1000": "/admin/customers/?page=999",
        "sorted by name": "/admin/customers/?sort=0",
        "name contains": f"/admin/customers/?search={SEARCHED}",
    }
    return Visit(case.amount, flask_get(app.test_client()), pages, counted()).work()


def django_admin(case: Case) -> Work:
    import django
    from django.conf import settings

    settings.configure(
        DEBUG=False,
        SECRET_KEY="a benchmark's",  # noqa: S106
        ALLOWED_HOSTS=["testserver"],
        ROOT_URLCONF="benchmarks.customer_list_django",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": copied(case)}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
            "django.contrib.sessions", "django.contrib.messages",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[{
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]},
        }],
        STATIC_URL="/static/",
    )  # fmt: skip
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client

    call_command("migrate", verbosity=0)
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    seen = [0]

    def count(execute: Any, *words: Any) -> Any:
        seen[0] += 1
        return execute(*words)

    connection.execute_wrappers.append(count)

    def get(url: str) -> tuple[int, str]:
        response = client.get(url)
        return response.status_code, response.content.decode()

    first = "/admin/auth/customer/"
    pages = {
        "first page": first,
        "page 1000": f"{first}?p=1000",
        "sorted by name": f"{first}?o=1",
        "name contains": f"{first}?q={SEARCHED}",
    }
    return Visit(case.amount, get, pages, lambda: seen[0]).work()


def bare_flask(case: Case) -> Work:
    """One statement and one table in the index's order: no person, no rights, no search form, no count, no look."""
    from flask import Flask, render_template_string, request
    from flask_babel import Babel

    engine = create_engine(f"sqlite:///{copied(case)}")
    from app.models import Customer, Territory

    customer, territory = Customer.__table__, Territory.__table__
    with engine.connect() as connection:
        company = largest_company(connection)
    shown = [territory.c.name if name == "territory" else customer.c[name] for name in COLUMNS]
    app = Flask("bare")
    Babel(app)  # the code lists' words
    template = (
        "<table>{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>"
        "{% endfor %}</table>"
    )

    @app.get("/customers")
    def customers() -> str:
        query = select(*shown).join(territory, territory.c.id == customer.c.territory_id)
        query = query.where(customer.c.company_id == company)
        if "q" in request.args:
            query = query.where(customer.c.name.contains(request.args["q"]))
        page = query.order_by(text(request.args.get("order", "customer.code"))).limit(PAGE_SIZE)
        with engine.connect() as connection:
            rows = connection.execute(page.offset(int(request.args.get("skip", 0)))).all()
        return render_template_string(template, rows=rows)

    pages = {
        "first page": "/customers",
        "page 1000": f"/customers?skip={999 * PAGE_SIZE}",
        "sorted by name": "/customers?order=customer.name",
        "name contains": f"/customers?q={SEARCHED}",
    }
    return Visit(case.amount, flask_get(app.test_client()), pages, counted()).work()
