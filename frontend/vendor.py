"""Copy the browser files the portal serves, with their licences, into app/static/vendor.

Needed only when a version in package.json changes: ``cd frontend && npm ci && python vendor.py``.
The copies are committed, so running and deploying the portal needs neither npm nor a network.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
TARGET = HERE.parent / "app" / "static" / "vendor"

FILES: dict[str, tuple[str, ...]] = {
    "bootstrap-datepicker": ("dist/locales/bootstrap-datepicker.zh-CN.min.js",),
    "select2": ("dist/js/i18n/zh-CN.js",),
    "tabulator-tables": ("dist/js/tabulator.min.js", "dist/css/tabulator_simple.min.css"),
    "wunderbaum": ("dist/wunderbaum.umd.min.js", "dist/wunderbaum.css"),
}
"""Package → files inside it."""

LICENCE_NAMES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE")


def vendor(package: str, names: tuple[str, ...]) -> str:
    """Copy one package's files; returns its row of VERSIONS.md. Errors: a missing file or licence."""
    source, target = MODULES / package, TARGET / package
    about = json.loads((source / "package.json").read_text(encoding="utf-8"))
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(source / name, target / Path(name).name)
    licence = next(source / name for name in LICENCE_NAMES if (source / name).is_file())
    shutil.copyfile(licence, target / "LICENSE")
    files = ", ".join(Path(name).name for name in names)
    return f"| {package} | {about['version']} | {about['license']} | {files} |"


def main() -> None:
    """Copy everything and write VERSIONS.md."""
    rows = [vendor(package, names) for package, names in sorted(FILES.items())]
    text = "\n".join(
        [
            "# Browser libraries",
            "",
            "Copied by frontend/vendor.py from the packages pinned in frontend/package.json.",
            "jQuery, Bootstrap, select2, the date picker and Font Awesome come with Flask-AppBuilder.",
            "",
            "| package | version | licence | files |",
            "|-|-|-|-|",
            *rows,
            "",
        ]
    )
    (TARGET / "VERSIONS.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
