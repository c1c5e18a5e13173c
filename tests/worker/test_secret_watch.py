"""Secrets are read again when their files change, and not otherwise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from consumer.app import SECRETS, credential_store, secret_watch
from consumer.monitoring.debugger.guard import NO_TOKEN, Guard
from consumer.settings import Sources, load
from consumer.settings.file_versions import file_versions
from tests.support.required_settings import REQUIRED


class World:
    """Secrets in files, and a running worker's view of them."""

    def __init__(self, folder: Path) -> None:
        self.key, self.token = folder / "CLICKSEND_API_KEY", folder / "token"
        self.config = folder / "worker.toml"
        self.key.write_text("old-key")
        self.token.write_text("old-token")
        self.config.write_text('[log]\nlevel = "info"\n')
        given = {name: value for name, value in REQUIRED.items() if name != "CLICKSEND_API_KEY"}
        environ = {"SECRETS_DIR": str(folder), "MONITOR_TOKEN_FILE": str(self.token), **given}
        self.sources = Sources(environ, config=self.config)
        settings = load(self.sources)
        self.credentials = credential_store(settings)
        self.guard = Guard((), "old-token")
        self.watch = secret_watch(settings, self.credentials, self.guard)

    def opens(self, token: str) -> bool:
        """Return whether the page opens with this token."""
        environ = {"HTTP_HOST": "localhost", "REQUEST_METHOD": "GET", "HTTP_AUTHORIZATION": f"Bearer {token}"}
        return self.guard.refusal(environ) is not NO_TOKEN


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def replace(path: Path, text: str) -> None:
    """Replace a file as Kubernetes and careful programs do: another one gets its name."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def test_a_new_key_and_a_new_token_are_used_and_the_old_are_not(world: World) -> None:
    replace(world.key, "new-key\n")
    replace(world.token, "new-token\n")
    with capture_logs() as logged:
        world.watch.look()
    assert world.credentials.current().api_key == "new-key"
    assert world.opens("new-token")
    assert not world.opens("old-token")
    assert [each["event"] for each in logged] == ["credentials reloaded"]
    assert "new-" not in str(logged)


def test_a_key_that_is_written_in_place_is_used(world: World) -> None:
    world.key.write_text("a-longer-key")
    world.watch.look()
    assert world.credentials.current().api_key == "a-longer-key"


def test_a_key_that_is_written_with_the_same_length_and_time_is_used(world: World) -> None:
    """Tools that make files reproducible give all of them the same modification time."""
    os.utime(world.key, ns=(0, 0))
    world.watch.look()
    changed = world.key.stat().st_ctime_ns
    while world.key.stat().st_ctime_ns == changed:  # the clock of file systems has ticks of some milliseconds
        world.key.write_text("new-key")
        os.utime(world.key, ns=(0, 0))
    world.watch.look()
    assert world.credentials.current().api_key == "new-key"


def test_a_key_behind_another_link_is_used(world: World, tmp_path: Path) -> None:
    """Kubernetes mounts a Secret as links into a folder, and renews it by another folder."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "key").write_text(f"{name}-key")
    link = tmp_path / "data"
    link.symlink_to(tmp_path / "first")
    world.key.unlink()
    world.key.symlink_to(link / "key")
    world.watch.look()
    assert world.credentials.current().api_key == "first-key"
    link.unlink()
    link.symlink_to(tmp_path / "second")
    world.watch.look()
    assert world.credentials.current().api_key == "second-key"


def test_the_configuration_file_counts_as_well(world: World) -> None:
    world.key.unlink()
    world.config.write_text('[clicksend]\napi_key = "key-of-the-file"\n')
    world.watch.look()
    assert world.credentials.current().api_key == "key-of-the-file"


@pytest.mark.parametrize("content", [None, "", "\x00", "a\nb"], ids=["gone", "empty", "null", "two-lines"])
def test_a_file_that_can_not_be_used_changes_nothing_and_is_reported_once(world: World, content: str | None) -> None:
    for path in (world.key, world.token):
        path.unlink() if content is None else path.write_text(content)
    with capture_logs() as logged:
        for _ in range(3):
            world.watch.look()
    assert world.credentials.current().api_key == "old-key"
    assert world.opens("old-token")
    assert not world.opens("")
    assert [each["event"] for each in logged].count("credentials not reloaded") == 1
    assert all(each["name"] and each["what"] and each["hint"] for each in logged)
    replace(world.key, "new-key")
    replace(world.token, "new-token")
    world.watch.look()
    assert world.credentials.current().api_key == "new-key"
    assert world.opens("new-token")


def test_unchanged_files_are_not_read(world: World, tmp_path: Path) -> None:
    before = file_versions(world.sources, SECRETS)
    (tmp_path / "another").write_text("x")
    assert file_versions(world.sources, SECRETS) == before
    with capture_logs() as logged:
        world.watch.look()
    assert logged == []
