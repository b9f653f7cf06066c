"""What a person types as an address → an apprise address the portal is willing to send to.

Only schemes of `PORTAL_NOTICE_SCHEMES` are taken. Robots of WeCom, DingTalk and Feishu have the
vendor's host. A scheme with a host of its own is taken for hosts of `PORTAL_NOTICE_HOSTS` only, so
that nobody makes the portal call addresses inside the company's network. Mail goes through the
operator's server; people give nothing but their address. Options in an address are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from app.kernel.errors import N_, PlanningError
from app.models import ChannelKind
from app.notices.sending import service_of
from app.security.secret_box import seal, unseal

PURPOSE = "notice address"
LONGEST = 500

ROBOTS: Mapping[ChannelKind, tuple[str, ...]] = {
    ChannelKind.WECOM: ("wecombot",),
    ChannelKind.DINGTALK: ("dingtalk",),
    ChannelKind.FEISHU: ("feishu", "lark"),
}
"""Services whose host is the vendor's, whatever stands in the address."""

MAIL_SCHEME = "mailto"
_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?=.{4,190}\Z)(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")
_WEB_HOOKS: Mapping[str, re.Pattern[str]] = {
    "wecombot": re.compile(
        r"https://qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=([A-Za-z0-9_-]+)"
    ),
    "dingtalk": re.compile(r"https://oapi\.dingtalk\.com/robot/send\?access_token=([A-Za-z0-9]+)"),
    "feishu": re.compile(r"https://open\.feishu\.cn/open-apis/bot/v2/hook/([A-Za-z0-9_-]+)/?"),
    "lark": re.compile(r"https://open\.larksuite\.com/open-apis/bot/v2/hook/([A-Za-z0-9_-]+)/?"),
}
"""The web addresses a robot's settings show; people copy them from there."""


class AddressRefused(PlanningError):
    """Not an address, or one the portal must not send to."""

    msgid = N_("This is no address of the chosen service. See the example below the field.")


@dataclass(frozen=True, slots=True)
class Address:
    """`target` is the mail address or the apprise address, a secret; `shown` may be printed."""

    kind: ChannelKind
    target: str
    shown: str

    def sealed(self) -> str:
        return seal(self.target, PURPOSE)


def offered(config: Mapping[str, Any]) -> list[ChannelKind]:
    """The services this portal sends to."""
    schemes = set(config["PORTAL_NOTICE_SCHEMES"])
    found = []
    if MAIL_SCHEME in schemes and config["PORTAL_NOTICE_MAIL_URL"]:
        found.append(ChannelKind.MAIL)
    found += [kind for kind, names in ROBOTS.items() if schemes.intersection(names)]
    if config["PORTAL_NOTICE_HOSTS"] and schemes.difference(
        {MAIL_SCHEME}, *(names for names in ROBOTS.values())
    ):
        found.append(ChannelKind.OTHER)
    return found


def read_address(kind: ChannelKind, text: str, config: Mapping[str, Any]) -> Address:
    """Errors: `AddressRefused`, which never repeats what was typed."""
    text = text.strip()
    if kind not in offered(config) or not text or len(text) > LONGEST or not text.isascii():
        raise AddressRefused(field="address")
    if kind is ChannelKind.MAIL:
        if not _MAIL.fullmatch(text):
            raise AddressRefused(field="address")
        return Address(kind, text, _masked_mail(text))
    return _service_address(kind, text, config)


def _service_address(kind: ChannelKind, text: str, config: Mapping[str, Any]) -> Address:
    for name, pattern in _WEB_HOOKS.items():
        found = pattern.fullmatch(text)
        if found:
            text = f"{name}://{found[1]}"
    # Any other web address is none of a robot: "https" is no scheme of a message.
    web = text.lower().startswith("http")
    service = None if web or "://" not in text else service_of(text)
    if service is None:
        raise AddressRefused(field="address")
    parts = urlsplit(service.url())
    scheme = parts.scheme
    if scheme not in config["PORTAL_NOTICE_SCHEMES"] or scheme.startswith(MAIL_SCHEME):
        raise AddressRefused(field="address")
    if kind in ROBOTS:
        if scheme not in ROBOTS[kind]:
            raise AddressRefused(field="address")
    elif (parts.hostname or "") not in config["PORTAL_NOTICE_HOSTS"]:
        raise AddressRefused(
            N_("This portal sends to hosts its operator has named only."), field="address"
        )
    target = urlunsplit((scheme, parts.netloc, parts.path, "", ""))
    if service_of(target) is None:
        raise AddressRefused(field="address")
    shown = f"{scheme}://{parts.hostname}/…" if kind is ChannelKind.OTHER else _masked(target)
    return Address(kind, target, shown)


def _masked_mail(text: str) -> str:
    name, _at, domain = text.partition("@")
    return f"{name[0]}…@{domain}"


def _masked(target: str) -> str:
    """The scheme and the last characters: enough to tell two robots apart."""
    scheme, _colon, rest = target.partition("://")
    rest = rest.rstrip("/")
    return f"{scheme}://…{rest[-4:]}" if len(rest) > 12 else f"{scheme}://…"


def apprise_url(kind: ChannelKind, sealed: str, config: Mapping[str, Any]) -> str | None:
    """The address to send to; None when the operator no longer sends there. Errors: `SecretLost`."""
    target = unseal(sealed, PURPOSE)
    if kind not in offered(config):
        return None
    if kind is not ChannelKind.MAIL:
        return target
    parts = urlsplit(config["PORTAL_NOTICE_MAIL_URL"])
    options = [
        pair for pair in parse_qsl(parts.query) if pair[0] not in ("to", "cc", "bcc", "format")
    ]
    query = urlencode([*options, ("to", target), ("format", "text")], quote_via=quote)
    return urlunsplit(parts._replace(query=query, path=""))
