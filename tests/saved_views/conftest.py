"""``portal``: an application over the two companies of `tests.security.world`."""

from tests.security.conftest import portal, world_url

__all__ = ["portal", "world_url"]
