from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.page_files import ASSETS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.conftest import Client

    Serve = Callable[..., Client]


@pytest.mark.parametrize(("path", "content_type"), ASSETS)
def test_each_file_is_served_with_a_strict_policy(serve: Serve, path: str, content_type: str) -> None:
    answer = serve().ask("GET", path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, content_type)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy.pop("default-src") == "'none'"
    assert set(policy.values()) <= {"'none'", "'self'"}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", [path for path, _ in ASSETS])
def test_nothing_is_loaded_from_elsewhere_and_nothing_is_inline(serve: Serve, path: str) -> None:
    text = serve().ask("GET", path).text
    assert re.findall(r"(?:https?:)?//[a-z]", text.replace("http://www.w3.org/2000/svg", "")) == []
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=|innerHTML|eval\(", text)


def test_all_that_the_page_refers_to_is_there(serve: Serve) -> None:
    client = serve()
    page = client.ask("GET", "/").text
    targets = set(re.findall(r'(?:href|src)="(/[^"]*)"', page))
    assert targets >= {"/look.css", "/page.css", "/page.js", "/icon.svg", "/sandbox/state"}
    assert {target: client.ask("GET", target).status_code for target in targets} == dict.fromkeys(targets, 200)


def test_every_element_that_the_script_uses_is_in_the_page(serve: Serve) -> None:
    client = serve()
    scripts = "".join(client.ask("GET", path).text for path in ("/page.js", "/shared.js"))
    used = set(re.findall(r'element\("([a-z-]+)"\)', scripts))
    there = set(re.findall(r'id="([a-z0-9-]+)"', client.ask("GET", "/").text))
    assert used
    assert used <= there


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_the_page_can_only_be_read(serve: Serve, method: str) -> None:
    assert serve().ask(method, "/", json={}).status_code == 405


@pytest.mark.parametrize("path", ["/nothing", "/page.py", "/../options.py", "/%2e%2e/options.py"])
def test_no_other_file_is_served(serve: Serve, path: str) -> None:
    assert serve().ask("GET", path).status_code == 404
