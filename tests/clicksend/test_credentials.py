from __future__ import annotations

import base64

from consumer.clicksend.credentials import Credentials


def test_pasted_white_space_is_stripped() -> None:
    assert Credentials(" jane\n", "\tkey \r\n") == Credentials("jane", "key")


def test_the_header_is_basic_in_utf_8() -> None:
    scheme, _, login = Credentials("jané", "schlüssel: 🔑").authorization.partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(login).decode() == "jané:schlüssel: 🔑"


def test_the_key_is_not_shown() -> None:
    assert "secret" not in repr(Credentials("jane", "secret"))
