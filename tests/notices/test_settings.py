"""Addresses the portal takes and refuses, and each person's own choices."""

import re

import pytest
from flask import Flask
from sqlalchemy import select

from app.jobs.queue import enqueue
from app.jobs.task_claims import claim_next
from app.jobs.task_run import run_claimed
from app.kernel.actor import Actor
from app.kernel.db import db
from app.models import (
    ChannelKind,
    NoticeChannel,
    NoticeDelivery,
    NoticeKind,
    NoticeSetting,
    Outside,
    PortalUser,
)
from app.notices.addresses import AddressRefused, apprise_url, offered, read_address
from app.notices.kinds import NOTICE_KINDS
from app.notices.messages import message
from app.notices.sending import plain
from app.notices.words import filled
from app.security.secret_box import unseal
from tests.notices.notice_world import WORDS, clear, give_address, notices_of, user_id
from tests.security.visitor import Visitor
from tests.security.world import found

MAIL, WECOM, OTHER = ChannelKind.MAIL, ChannelKind.WECOM, ChannelKind.OTHER
DINGTALK, FEISHU = ChannelKind.DINGTALK, ChannelKind.FEISHU
KEY = "abcd-1234-efgh-5678"

CONFIG = {
    "PORTAL_NOTICE_SCHEMES": ("mailto", "wecombot", "dingtalk", "feishu", "lark", "json"),
    "PORTAL_NOTICE_HOSTS": ("hooks.example.org",),
    "PORTAL_NOTICE_MAIL_URL": "mailtos://u:p@smtp.example.org?from=portal@example.org",
}


@pytest.mark.pure
@pytest.mark.parametrize(
    ("kind", "typed", "target"),
    [
        (MAIL, " a.b+c@mail.example.org ", "a.b+c@mail.example.org"),
        (
            WECOM,
            f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}",
            f"wecombot://{KEY}/",
        ),
        (WECOM, f"wecombot://{KEY}?redirect=yes&verify=no&rto=900", f"wecombot://{KEY}/"),
        (
            DINGTALK,
            "https://oapi.dingtalk.com/robot/send?access_token=0a1b2c",
            "dingtalk://0a1b2c/",
        ),
        (DINGTALK, "dingtalk://secret@0a1b2c", "dingtalk://secret@0a1b2c/"),
        (FEISHU, f"https://open.feishu.cn/open-apis/bot/v2/hook/{KEY}", f"feishu://{KEY}/"),
        (FEISHU, f"https://open.larksuite.com/open-apis/bot/v2/hook/{KEY}", f"lark://{KEY}/"),
        (OTHER, "json://hooks.example.org/a?+X=1&method=get", "json://hooks.example.org/a"),
    ],
)
def test_addresses_that_are_taken(kind: ChannelKind, typed: str, target: str):
    address = read_address(kind, typed, CONFIG)
    assert address.target.replace("//?", "/").rstrip("/") == target.rstrip("/")
    assert KEY not in address.shown
    assert "secret" not in address.shown


@pytest.mark.pure
@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        (MAIL, ""),
        (MAIL, "a@x.org\nBcc: b@y.org"),
        (MAIL, "a@x.org,b@y.org"),
        (MAIL, "a@x.org?bcc=b@y.org"),
        (MAIL, "mailto://u:p@10.0.0.1"),
        (MAIL, "a@localhost"),
        (MAIL, "Wang <a@x.org>"),
        (WECOM, "https://qyapi.weixin.qq.com.evil.example/cgi-bin/webhook/send?key=abc"),
        (WECOM, "json://hooks.example.org/"),
        (WECOM, "http://169.254.169.254/latest/meta-data"),
        (WECOM, "wecombot://../../x"),
        (OTHER, "json://127.0.0.1/x"),
        (OTHER, "json://hooks.example.org@127.0.0.1/x"),
        (OTHER, "json://hooks.example.org.evil.example/x"),
        (OTHER, "xml://hooks.example.org/x"),
        (OTHER, "mailto://u:p@hooks.example.org"),
        (OTHER, "file:///etc/passwd"),
        (OTHER, "x" * 501),
        (OTHER, "json://钩子.example.org/"),
    ],
)
def test_addresses_that_are_refused(kind: ChannelKind, typed: str):
    with pytest.raises(AddressRefused) as refusal:
        read_address(kind, typed, CONFIG)
    assert not typed or typed not in str(refusal.value)


@pytest.mark.pure
def test_only_what_the_operator_offers_is_offered():
    assert offered({**CONFIG, "PORTAL_NOTICE_MAIL_URL": ""})[0] is WECOM
    assert OTHER not in offered({**CONFIG, "PORTAL_NOTICE_HOSTS": ()})
    only = {**CONFIG, "PORTAL_NOTICE_SCHEMES": ("wecombot",)}
    assert offered(only) == [WECOM]
    with pytest.raises(AddressRefused):
        read_address(FEISHU, f"feishu://{KEY}", only)


@pytest.mark.web
def test_an_address_is_sealed_and_goes_to_the_operators_server(portal: Flask):
    clear(portal)
    channel_id = give_address(portal, "market_a1", MAIL, "wang@example.org")
    with portal.app_context():
        channel = db.session.get_one(NoticeChannel, channel_id)
        assert "wang" not in channel.sealed + channel.shown
        assert unseal(channel.sealed, "notice address") == "wang@example.org"
        url = apprise_url(MAIL, channel.sealed, {**portal.config, **CONFIG})
    assert url is not None
    assert url.startswith("mailtos://u:p@smtp.example.org?")
    assert "to=wang%40example.org" in url


@pytest.mark.pure
@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_has_words_without_values_too(portal: Flask, kind: NoticeKind):
    row = NOTICE_KINDS[kind]
    with portal.app_context():
        for msgid in (row.title, row.text, row.outside_text or row.text):
            names = set(re.findall(r"%\((\w+)\)s", msgid))
            assert "%" not in filled(msgid, dict.fromkeys(names, "x"), row.translated)
            filled(msgid, {}, row.translated)
            filled(msgid, {**WORDS, "error": "50 % of %(x)s"}, row.translated)
        assert message(portal, []) is None
    assert plain("a\r\nb<c>\x00", keep_lines=True) == "a \nb＜c＞ "


@pytest.mark.web
@pytest.mark.parametrize("name", ["customer_a1", "market_a1", "brand_a", "admin_a"])
def test_everybody_chooses_for_oneself(portal: Flask, name: str):
    clear(portal)
    foreign = give_address(portal, "customer_a2", MAIL, "foreign@example.org")
    visitor = Visitor(portal, name)
    page = visitor.get("/account/notices/").text
    assert "f…@example.org" not in page
    form = {f"portal_{kind.name}": "on" for kind in NoticeKind if kind.name != "STEP_DUE"}
    form |= {"outside_PLAN_SUBMITTED": "DAILY", "outside_STEP_OVERDUE": "NONSENSE", "locale": "en"}
    assert visitor.post("/account/notices/save", form).status_code == 303
    with portal.app_context():
        mine = user_id(name)
        rows = db.session.scalars(select(NoticeSetting).where(NoticeSetting.user_id == mine))
        assert {(row.kind, row.in_portal, row.outside) for row in rows} == {
            (NoticeKind.PLAN_SUBMITTED, True, Outside.DAILY),
            (NoticeKind.STEP_DUE, False, Outside.DAILY),
        }
    add = "/account/notices/addresses"
    refused = visitor.post(add, {"kind": "MAIL", "address": "x"}, follow_redirects=True).text
    assert 'class="channels"' not in refused
    visitor.post(add, {"kind": "MAIL", "address": "mine@example.org"})
    page = visitor.get("/account/notices/").text
    assert "m…@example.org" in page
    assert "mine@example.org" not in page
    with portal.app_context():
        mine_id = db.session.scalars(
            select(NoticeChannel.id).where(NoticeChannel.user_id == user_id(name))
        ).one()
        count = len(db.session.scalars(select(NoticeDelivery)).all())
    assert count == 1
    visitor.post(f"{add}/{mine_id}/test")  # too soon after the first one
    with portal.app_context():
        assert len(db.session.scalars(select(NoticeDelivery)).all()) == 1
    for action in ("test", "pause", "remove"):
        assert visitor.post(f"{add}/{foreign}/{action}").status_code == 404
    visitor.post(f"{add}/{mine_id}/pause")
    visitor.post(f"{add}/{mine_id}/remove")
    with portal.app_context():
        left = db.session.scalars(select(NoticeChannel)).all()
        assert [row.id for row in left] == [foreign]
        assert db.session.scalars(select(NoticeDelivery)).all() == []


@pytest.mark.web
def test_a_failed_task_is_news_and_read_where_it_was_seen(portal: Flask):
    clear(portal)
    with portal.app_context():
        person = found(PortalUser, username="admin_a")
        actor = Actor(person.id, "Admin", "web")
        enqueue("import_commit", "Big file", {"batch": 0}, actor, person.company_id)
        db.session.commit()
        claim = claim_next(db.engine)
    assert claim is not None
    run_claimed(portal, claim)
    ((kind, words, is_read),) = notices_of(portal, "admin_a")
    assert (kind, words["title"], is_read) == (NoticeKind.WORK_FAILED, "Big file", False)
    assert words["error"]
    visitor = Visitor(portal, "admin_a")
    assert 'data-unread="0"' in visitor.get("/notices/").text  # the bell counts the task itself
    visitor.post("/work/seen")
    assert notices_of(portal, "admin_a")[0][2]
