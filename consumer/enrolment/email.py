"""Email addresses."""

from __future__ import annotations

import re
import unicodedata

_LONGEST = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets
# Light: dots in the local part single and inside (RFC 5322, dot-atom), at least two labels in the domain, the last not
# a number. Any letter is allowed (RFC 6531); an internationalised domain stays as the visitor wrote it. The sets say
# what is not in them: one that names all of Unicode takes ten milliseconds to compile.
_ATOM = r'[^\x00-\x20"(),.:;<>@A-Z\[\\\]\x7f-\xa0]+'
_ALNUM = r"[^\x00-/:-`{-\xa0]"
_LABEL = rf"{_ALNUM}(?:[^\x00-,./:-`{{-\xa0]{{0,61}}{_ALNUM})?"
_ADDRESS = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?![0-9]+$){_LABEL}")


def read_email(text: str) -> str | None:
    """The address, trimmed and lowercased; None if it isn't one.

    `Jane <jane@example.com>` and `mailto:jane@example.com` give the address that they hold. Full-width characters,
    as Japanese keyboards write them, become the usual ones (Unicode NFKC).
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = text.lower()
    if text.endswith(">"):
        text = text[text.rfind("<") + 1 : -1]
    text = text.strip().removeprefix("mailto:")
    if len(text) > _LONGEST or len(text.split()) != 1:
        return None
    return text if _ADDRESS.fullmatch(text) else None
