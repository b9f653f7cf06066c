"""Out of the portal, against a real mail server and a real web server."""

import datetime as dt

import apprise.plugins.feishu
import apprise.plugins.wecombot
import pytest
from flask import Flask
from sqlalchemy import select, update

from app.jobs.job_context import JobContext
from app.kernel.db import db
from app.kernel.period import utc_now
from app.models import (
    ChannelKind,
    DeliveryState,
    Notice,
    NoticeChannel,
    NoticeDelivery,
    NoticeKind,
    PortalUser,
)
from app.notices import delivery, digest, old_notices
from app.notices.delivery import MOST_ATTEMPTS, deliver
from app.notices.preferences import set_locale
from tests.notices.conftest import PUBLIC, MailServer, WebServer
from tests.notices.notice_world import clear, deliveries, give_address, tell, user_id

pytestmark = pytest.mark.web

MAIL, WECOM, FEISHU = ChannelKind.MAIL, ChannelKind.WECOM, ChannelKind.FEISHU
APPROVED, RETURNED = NoticeKind.RECORD_APPROVED, NoticeKind.RECORD_RETURNED


@pytest.fixture(autouse=True)
def empty(portal: Flask) -> None:
    clear(portal)


@pytest.fixture
def robot(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> WebServer:
    """The vendor's host is this machine."""
    wecom = apprise.plugins.wecombot.NotifyWeComBot
    monkeypatch.setattr(wecom, "notify_url", web.url + "/send?key={key}")
    return web


def english(app: Flask, name: str) -> None:
    with app.app_context():
        set_locale(db.session(), user_id(name), "en")
        db.session.commit()


def make_due(app: Flask) -> None:
    with app.app_context():
        db.session.execute(update(NoticeDelivery).values(due_at=utc_now()))
        db.session.commit()


def run_digest(app: Flask, day: str) -> int:
    with app.app_context():
        context = JobContext(app, db.session(), 0, day, utc_now())
        rows = digest.prepare(context).rows
        db.session.commit()
        return rows


def test_a_mail_with_subject_text_and_link(portal: Flask, mail: MailServer):
    give_address(portal, "market_a1", MAIL, "wang@example.org")
    english(portal, "market_a1")
    tell(portal, "market_a1")
    assert deliver(portal) is None
    (message,) = mail.messages
    assert message["Subject"] == "Month plan submitted: North lanes"
    assert message["To"] == "wang@example.org"
    assert message["From"].addresses[0].addr_spec == "portal@example.org"
    assert mail.envelopes[0].rcpt_tos == ["wang@example.org"]
    assert message.get_content_type() == "text/plain"
    text = message.get_content()
    assert "Wang submitted it for 2026-11." in text
    assert f"{PUBLIC}/month-plans/?q_territory=7" in text
    assert deliveries(portal) == [("SENT", 1, None)]
    assert deliver(portal) is None
    assert len(mail.messages) == 1


def test_the_reason_stays_in_the_portal(portal: Flask, mail: MailServer):
    give_address(portal, "customer_a1", MAIL, "li@example.org")
    english(portal, "customer_a1")
    tell(portal, "customer_a1", RETURNED)
    deliver(portal)
    text = mail.messages[0].get_content()
    assert "The portal shows the reason." in text
    assert "Customer Li" not in text


def test_nothing_typed_becomes_a_header_or_a_tag(portal: Flask, mail: MailServer, robot: WebServer):
    give_address(portal, "market_a1", MAIL, "wang@example.org")
    give_address(portal, "market_a1", WECOM, "wecombot://abcd1234abcd1234")
    evil = 'x\r\nBcc: spy@example.org\r\n\r\n<script>alert(1)</script><at user_id="all">'
    tell(portal, "market_a1", territory=evil)
    deliver(portal)
    (message,) = mail.messages
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"]
    assert mail.envelopes[0].rcpt_tos == ["wang@example.org"]
    assert "<" not in message.get_content()
    assert "<" not in robot.texts[0]
    assert "alert(1)" in robot.texts[0]


def test_a_robot_gets_one_message_for_many(portal: Flask, robot: WebServer):
    channel = give_address(portal, "market_a1", WECOM, "wecombot://abcd1234abcd1234")
    for number in range(60):
        tell(portal, "market_a1", key=f"k{number}", territory=f"南城第{number}片区")
    deliver(portal)
    ((path, _body),) = robot.requests
    assert path == "/send?key=abcd1234abcd1234"
    assert "南城第0片区" in robot.texts[0]
    assert f"{PUBLIC}/notices/" in robot.texts[0]
    assert len(robot.texts[0].encode()) <= 2048
    assert {row[0] for row in deliveries(portal)} == {"SENT"}
    with portal.app_context():
        assert "abcd1234abcd1234" not in db.session.get_one(NoticeChannel, channel).sealed
        assert "abcd1234abcd1234" not in db.session.get_one(NoticeChannel, channel).shown


def test_a_redirect_is_not_followed(portal: Flask, robot: WebServer):
    give_address(portal, "market_a1", WECOM, "wecombot://abcd1234abcd1234?redirect=yes&verify=no")
    robot.status = 307
    tell(portal, "market_a1")
    deliver(portal)
    assert [path for path, _body in robot.requests] == ["/send?key=abcd1234abcd1234"]
    ((state, attempts, error),) = deliveries(portal)
    assert (state, attempts) == ("WAITING", 1)
    assert "307" in (error or "")
    assert "abcd1234" not in (error or "")


def test_a_failure_is_tried_again_and_given_up(portal: Flask, mail: MailServer):
    give_address(portal, "market_a1", MAIL, "wang@example.org")
    mail.refuses = "451 Not now"
    tell(portal, "market_a1")
    for attempt in range(1, MOST_ATTEMPTS):
        assert deliver(portal) is None
        assert deliveries(portal)[0][:2] == ("WAITING", attempt)
        assert deliver(portal) is None  # not before its time
        assert deliveries(portal)[0][1] == attempt
        make_due(portal)
    outcome = deliver(portal)
    assert outcome is not None
    assert outcome.rows == 1
    assert deliveries(portal)[0][:2] == ("FAILED", MOST_ATTEMPTS)
    mail.refuses = ""
    tell(portal, "market_a1", key="later")
    deliver(portal)
    assert len(mail.messages) == 1


def test_a_process_that_dies_while_sending_sends_nothing_twice(
    portal: Flask, mail: MailServer, monkeypatch: pytest.MonkeyPatch
):
    give_address(portal, "market_a1", MAIL, "wang@example.org")
    tell(portal, "market_a1")

    def die(*_words: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_end", die)
        with pytest.raises(SystemExit):
            deliver(portal)
    assert deliveries(portal) == [("SENDING", 1, None)]
    deliver(portal)
    assert deliveries(portal)[0][0] == "SENDING"
    with portal.app_context():
        long_ago = utc_now() - dt.timedelta(hours=1)
        db.session.execute(update(NoticeDelivery).values(claimed_at=long_ago))
        db.session.commit()
    deliver(portal)
    assert deliveries(portal)[0][0] == "INTERRUPTED"
    assert len(mail.messages) == 1


def test_only_one_of_two_processes_gets_a_message(portal: Flask):
    give_address(portal, "market_a1", MAIL, "wang@example.org")
    tell(portal, "market_a1")
    with portal.app_context():
        delivery.hand_out(db.engine)
        assert delivery.claim_next(db.engine) is not None
        assert delivery.claim_next(db.engine) is None


def test_what_was_read_or_nobody_asked_for_is_not_sent(portal: Flask, mail: MailServer):
    tell(portal, "market_a1", key="before there was an address")
    deliver(portal)
    channel = give_address(portal, "market_a1", MAIL, "wang@example.org")
    tell(portal, "market_a1", NoticeKind.IMPORT_FINISHED, key="import")  # never outside
    tell(portal, "market_a1", key="read")
    with portal.app_context():
        delivery.hand_out(db.engine)
        db.session.execute(update(Notice).values(read_at=utc_now()))
        db.session.commit()
    deliver(portal)
    assert deliveries(portal) == [("NEEDLESS", 1, None)]
    with portal.app_context():
        db.session.get_one(NoticeChannel, channel).is_active = False
        db.session.commit()
    tell(portal, "market_a1", key="paused")
    deliver(portal)
    assert mail.messages == []


def test_one_digest_a_day_in_the_persons_language(portal: Flask, mail: MailServer):
    give_address(portal, "customer_a1", MAIL, "li@example.org")
    english(portal, "customer_a1")
    tell(portal, "customer_a1", APPROVED, key="one")
    tell(portal, "customer_a1", APPROVED, key="two", territory="South lanes")
    deliver(portal)
    assert mail.messages == []
    assert run_digest(portal, "2026-11-24") == 1
    tell(portal, "customer_a1", APPROVED, key="three", territory="East lanes")
    assert run_digest(portal, "2026-11-24") == 0
    deliver(portal)
    (message,) = mail.messages
    assert message["Subject"].endswith("Daily digest: 2 unread notices")
    assert "South lanes" in message.get_content()
    assert "East lanes" not in message.get_content()
    assert run_digest(portal, "2026-11-25") == 1
    deliver(portal)
    assert "East lanes" in mail.messages[1].get_content()
    assert "South lanes" not in mail.messages[1].get_content()
    assert run_digest(portal, "2026-11-26") == 0


def test_chinese_is_the_default(portal: Flask, mail: MailServer, monkeypatch: pytest.MonkeyPatch):
    asked = []
    real = delivery.force_locale
    monkeypatch.setattr(delivery, "force_locale", lambda name: (asked.append(name), real(name))[1])
    give_address(portal, "market_a1", MAIL, "wang@example.org")
    tell(portal, "market_a1")
    deliver(portal)
    assert asked == ["zh"]
    assert len(mail.messages) == 1


def test_an_address_of_another_key_is_told(portal: Flask, mail: MailServer):
    give_address(portal, "market_a1", MAIL, "wang@example.org")
    portal.config["SECRET_KEY"] = "another-key-that-is-as-long-as-the-first"
    tell(portal, "market_a1")
    deliver(portal)
    assert deliveries(portal) == [("FAILED", 1, delivery.UNREADABLE)]


def test_feishu_gets_a_text(portal: Flask, web: WebServer, monkeypatch: pytest.MonkeyPatch):
    feishu = apprise.plugins.feishu.NotifyFeishu
    monkeypatch.setattr(feishu, "notify_url", web.url + "/hook/{token}/")
    hook = "https://open.feishu.cn/open-apis/bot/v2/hook/aaaa-bbbb-cccc-dddd"
    give_address(portal, "market_a1", FEISHU, hook)
    tell(portal, "market_a1")
    deliver(portal)
    ((path, body),) = web.requests
    assert path == "/hook/aaaa-bbbb-cccc-dddd/"
    assert "North lanes" in body["content"]["text"]


def test_old_notices_go(portal: Flask):
    tell(portal, "market_a1", key="old")
    tell(portal, "market_a1", key="new")
    with portal.app_context():
        long_ago = utc_now() - dt.timedelta(days=91)
        db.session.execute(update(Notice).where(Notice.key == "old").values(read_at=long_ago))
        context = JobContext(portal, db.session(), 0, "2026-11-24", utc_now())
        assert old_notices.remove_old_notices(context).rows == 1
        db.session.commit()
        assert [row.key for row in db.session.scalars(select(Notice))] == ["new"]


def test_who_left_gets_nothing(portal: Flask, mail: MailServer):
    give_address(portal, "market_a1", MAIL, "wang@example.org")
    tell(portal, "market_a1")
    with portal.app_context():
        db.session.execute(
            update(PortalUser).where(PortalUser.username == "market_a1").values(active=False)
        )
        db.session.commit()
    deliver(portal)
    assert mail.messages == []
    assert DeliveryState.SENT.name not in {row[0] for row in deliveries(portal)}
