"""A person's own choices: which notices, where, in which language, and the addresses."""

from __future__ import annotations

from typing import Any

from flask import current_app, g, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from app.kernel.db import db
from app.kernel.list_request import ascii_integer
from app.kernel.page_change import carry_out
from app.kernel.period import to_local
from app.models import ChannelKind, DeliveryState, Notice, Outside
from app.notices import preferences
from app.notices.addresses import AddressRefused, offered, read_address
from app.notices.kinds import NOTICE_KINDS
from app.notices.preferences import Choice

EXAMPLES = {
    ChannelKind.MAIL: "name@example.org",
    ChannelKind.WECOM: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…",
    ChannelKind.DINGTALK: "dingtalk://SECRET@ACCESS_TOKEN",
    ChannelKind.FEISHU: "https://open.feishu.cn/open-apis/bot/v2/hook/…",
    ChannelKind.OTHER: "jsons://hooks.example.org/path",
}
DELIVERY_TONES = {
    DeliveryState.WAITING: "mute",
    DeliveryState.SENDING: "info",
    DeliveryState.SENT: "ok",
    DeliveryState.FAILED: "bad",
    DeliveryState.INTERRUPTED: "warn",
    DeliveryState.NEEDLESS: "mute",
}


class NoticeSettingsView(BaseView):
    """Everybody's own; reached from the inbox and the account page."""

    route_base = "/account/notices"
    default_view = "index"
    class_permission_name = Notice.__name__
    method_permission_name = {
        "index": "read",
        "save": "update",
        "add": "update",
        "test": "update",
        "pause": "update",
        "remove": "update",
    }
    title = _l("Settings of notices")

    @expose("/")
    @has_access
    def index(self) -> str:
        session, user_id = db.session(), g.user.id
        config = current_app.config
        page: str = self.render_template(
            "notices/settings.html",
            title=self.title,
            rows=[
                (choice, NOTICE_KINDS[choice.kind])
                for choice in preferences.choices(session, user_id)
            ],
            outside=Outside,
            channels=preferences.channels(session, user_id),
            deliveries=preferences.last_deliveries(session, user_id),
            tones=DELIVERY_TONES,
            offered=[(kind, EXAMPLES[kind]) for kind in offered(config)],
            most=preferences.MOST_CHANNELS,
            locale=preferences.locale_of(session, user_id, config["BABEL_DEFAULT_LOCALE"]),
            digest_hour=config["PORTAL_NOTICE_DIGEST_HOUR"],
            to_local=to_local,
        )
        return page

    @expose("/save", methods=["POST"])
    @has_access
    def save(self) -> Response:
        """What, where, in which language. An unknown word keeps what holds."""

        def act() -> str:
            session, user_id = db.session(), g.user.id
            wanted = {}
            for present in preferences.choices(session, user_id):
                name = present.kind.name
                outside = request.form.get(f"outside_{name}", "")
                wanted[present.kind] = Choice(
                    present.kind,
                    f"portal_{name}" in request.form,
                    Outside[outside] if outside in Outside.__members__ else present.outside,
                )
            preferences.choose(session, user_id, wanted)
            locale = request.form.get("locale", "")
            if locale in current_app.config["LANGUAGES"]:
                preferences.set_locale(session, user_id, locale)
            return _("Your choice was saved. It holds for notices from now on.")

        return carry_out(act, _own_page())

    @expose("/addresses", methods=["POST"])
    @has_access
    def add(self) -> Response:
        """A new address; it is never shown again in full."""

        def act() -> str:
            name = request.form.get("kind", "")
            if name not in ChannelKind.__members__:
                raise AddressRefused(field="kind")
            text = request.form.get("address", "")
            address = read_address(ChannelKind[name], text, current_app.config)
            channel = preferences.add_channel(db.session(), g.user.id, g.user.company_id, address)
            preferences.queue_test(db.session(), channel)
            return _(
                "The address was added. A test notice is on its way; this page tells how it went."
            )

        return carry_out(act, _own_page())

    @expose("/addresses/<pk>/test", methods=["POST"])
    @has_access
    def test(self, pk: str) -> Response:
        """Send a test notice, by the jobs process."""

        def act() -> str:
            preferences.queue_test(db.session(), _own(pk))
            return _("A test notice is on its way; this page tells how it went.")

        return carry_out(act, _own_page())

    @expose("/addresses/<pk>/pause", methods=["POST"])
    @has_access
    def pause(self, pk: str) -> Response:
        """Send nothing there, or send again."""

        def act() -> str:
            channel = _own(pk)
            channel.is_active = not channel.is_active
            return _("The address is in use.") if channel.is_active else _("The address is paused.")

        return carry_out(act, _own_page())

    @expose("/addresses/<pk>/remove", methods=["POST"])
    @has_access
    def remove(self, pk: str) -> Response:
        def act() -> str:
            db.session.delete(_own(pk))
            return _("The address was removed.")

        return carry_out(act, _own_page())


def _own(pk: str) -> Any:
    return preferences.own_channel(db.session(), g.user.id, ascii_integer(pk))


def _own_page() -> str:
    return url_for("NoticeSettingsView.index")
