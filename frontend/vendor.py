"""Copy the browser files the portal serves, with their licences, into app/static/vendor.

Needed only when a version in package.json changes: ``cd frontend && npm ci && python vendor.py``.
The copies are committed, so running and deploying the portal needs neither npm nor a network.
Libraries of which only a part is used are bundled by esbuild from an entry file beside this one.
"""

from __future__ import annotations

import json
import shutil
import subprocess
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

BUNDLES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "echarts": ("charts_bundle.mjs", "echarts.charts.min.js", ("zrender", "tslib")),
}
"""Package → entry file, bundle, and the packages bundled with it."""

LICENCE_NAMES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE")


def licence_of(package: str) -> Path:
    """Errors: `StopIteration` for a package without a licence file."""
    return next(MODULES / package / name for name in LICENCE_NAMES if _is_there(package, name))


def _is_there(package: str, name: str) -> bool:
    return (MODULES / package / name).is_file()


def version_row(package: str, files: str) -> str:
    about = json.loads((MODULES / package / "package.json").read_text(encoding="utf-8"))
    return f"| {package} | {about['version']} | {about['license']} | {files} |"


def bundle(package: str, entry: str, name: str, parts: tuple[str, ...]) -> list[str]:
    """Bundle the used part of a package; returns the rows of VERSIONS.md."""
    target = TARGET / package
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            str(MODULES / ".bin" / "esbuild"),
            str(HERE / entry),
            "--bundle",
            "--minify",
            "--format=iife",
            f"--global-name={package}",
            "--target=chrome80",
            "--legal-comments=eof",
            f"--outfile={target / name}",
        ],
        check=True,
        cwd=HERE,
    )
    shutil.copyfile(licence_of(package), target / "LICENSE")
    for part in parts:
        shutil.copyfile(licence_of(part), target / f"LICENSE.{part}")
    notice = MODULES / package / "NOTICE"
    if notice.is_file():
        shutil.copyfile(notice, target / "NOTICE")
    return [version_row(package, name), *(version_row(part, f"in {name}") for part in parts)]


def vendor(package: str, names: tuple[str, ...]) -> str:
    """Copy one package's files; returns its row of VERSIONS.md. Errors: a missing file or licence."""
    target = TARGET / package
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(MODULES / package / name, target / Path(name).name)
    shutil.copyfile(licence_of(package), target / "LICENSE")
    return version_row(package, ", ".join(Path(name).name for name in names))


def main() -> None:
    """Copy everything and write VERSIONS.md."""
    rows = [vendor(package, names) for package, names in sorted(FILES.items())]
    for package, (entry, name, parts) in sorted(BUNDLES.items()):
        rows += bundle(package, entry, name, parts)
    text = "\n".join(
        [
            "# Browser libraries",
            "",
            "Copied by frontend/vendor.py from the packages pinned in frontend/package.json.",
            "jQuery, Bootstrap, select2, the date picker and Font Awesome come with Flask-AppBuilder.",
            "",
            "| package | version | licence | files |",
            "|-|-|-|-|",
            *sorted(rows),
            "",
        ]
    )
    (TARGET / "VERSIONS.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
