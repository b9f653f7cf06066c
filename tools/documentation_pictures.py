"""The pictures of the documents, taken from the demo company: ``tools/screenshots.py --docs``.

Each row of `PICTURES` is one file of docs/images. The import pages are reached through the wizard
with ``screenshots_customers.csv``, which holds new, changed, unchanged and wrong customers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import cast

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from config import DEVELOPMENT_DEMO_PASSWORD, ROOT

FOLDER = ROOT / "docs" / "images"
SAMPLE = Path(__file__).with_name("screenshots_customers.csv")
COLOURS = 255
COMMON = 128
SIZES = {1440: 900, 390: 844}


def as_it_is(page: Page) -> None:
    page.wait_for_load_state("networkidle")


def one_branch_open(page: Page) -> None:
    """The tree with its third branch selected and open."""
    row = page.locator(".wb-row").nth(3)
    row.locator(".wb-expander").click()
    row.locator(".wb-title").click()
    as_it_is(page)


def columns_of_the_sample(page: Page) -> None:
    page.check("input[name=sheet][value=customers]")
    page.set_input_files("input[type=file]", str(SAMPLE))
    page.click("[data-upload-button]")
    page.wait_for_selector("[data-import-columns]")


def difference_of_the_sample(page: Page) -> None:
    columns_of_the_sample(page)
    page.click("[data-import-columns] .btn-primary")
    page.wait_for_selector(".count-tabs", timeout=60_000)
    as_it_is(page)


@dataclass(frozen=True, slots=True)
class Picture:
    """``name``-``width``.png shows what `user` sees at `path` after `prepare`."""

    name: str
    user: str
    path: str
    widths: tuple[int, ...] = (1440,)
    prepare: Callable[[Page], None] = as_it_is


PICTURES = (
    Picture("home", "customer", "/", (1440, 390)),
    Picture("home-market", "market", "/"),
    Picture("approvals", "market", "/approvals/"),
    Picture("visit-plan", "customer", "/visit-plan/"),
    Picture("daily-visits", "customer", "/daily-visits/", (390,)),
    Picture("scheduled-work", "admin", "/scheduled-work/list/"),
    Picture("customers", "customer", "/customers/list/", (1440, 390)),
    Picture("customer-edit", "customer", "/customers/edit/1"),
    Picture("category-tree", "brand", "/categories/tree", prepare=one_branch_open),
    Picture("import-mapping", "admin", "/imports/new", prepare=columns_of_the_sample),
    Picture("import-difference", "admin", "/imports/new", prepare=difference_of_the_sample),
    Picture("permission-matrix", "admin", "/permissions/", (1440, 390)),
)


def take_all(chromium: Browser, address: str) -> Iterator[Path]:
    """Write the pictures; yields the file of each."""
    FOLDER.mkdir(exist_ok=True)
    for picture in PICTURES:
        for width in picture.widths:
            context = chromium.new_context(
                locale="zh-CN", viewport={"width": width, "height": SIZES[width]}
            )
            page = opened(context, address, picture)
            picture.prepare(page)
            file = FOLDER / f"{picture.name}-{width}.png"
            file.write_bytes(small(page.screenshot()))
            context.close()
            yield file


def opened(context: BrowserContext, address: str, picture: Picture) -> Page:
    page = context.new_page()
    page.goto(f"{address}/login/")
    page.fill("input[name=username]", picture.user)
    page.fill("input[name=password]", DEVELOPMENT_DEMO_PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{address}/")
    page.goto(address + picture.path)
    as_it_is(page)
    return page


def small(png: bytes) -> bytes:
    """The picture with a palette: a third of the size, no difference to see."""
    out = BytesIO()
    with Image.open(BytesIO(png)) as opened_picture:
        picture = opened_picture.convert("RGB")
    # Grounds and text keep their exact colours; a palette of averages would tint them.
    counted = sorted(picture.getcolors(picture.width * picture.height) or [], reverse=True)
    common = [
        channel
        for _count, colour in counted[:COMMON]
        for channel in cast("tuple[int, ...]", colour)  # an RGB picture has no other colours
    ]
    others = (
        picture.quantize(COLOURS - COMMON, method=Image.Quantize.MAXCOVERAGE).getpalette() or []
    )
    palette = Image.new("P", (1, 1))
    palette.putpalette([*common, *others][: COLOURS * 3])
    picture.quantize(palette=palette, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()
