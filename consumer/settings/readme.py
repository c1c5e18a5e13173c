"""The table of all settings: `make readme` writes it into README.md beside this file."""

from __future__ import annotations

from pathlib import Path

from consumer.settings.field import Field, fields_of
from consumer.settings.model import SECTIONS
from consumer.settings.section import text
from consumer.settings.sources import Setting

BEGIN = "<!-- settings:begin -->\n"
END = "<!-- settings:end -->"


def table() -> str:
    """Return all settings as a Markdown table."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for name, section in SECTIONS.items():
        for key, field in fields_of(section).items():
            variable = Setting(name, key).variable
            secret = "; secret" if field.is_secret else ""
            lines.append(f"| `{variable}` | {_default(field)} | {field.description}{secret} |")
    return "\n".join(lines) + "\n"


def renewed(page: str) -> str:
    """Return the page with the current table between its two markers."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


def _default(field: Field) -> str:
    if field.is_required:
        return "required"
    default = field.default_shown or text(field.default)
    return f"`{default}`" if default else ""


if __name__ == "__main__":
    path = Path(__file__).with_name("README.md")
    path.write_text(renewed(path.read_text("utf-8")), "utf-8")
