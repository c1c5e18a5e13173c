"""The sources of settings, strongest first: command line, environment, secret files, configuration file.

The model's defaults come last. An empty value counts as not given in every source.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from consumer.errors import Problem
from consumer.settings.nearest import nearest

SECRETS_DIR = "/run/secrets"
MAX_FILE_BYTES = 65_536  # of a secret file, which holds one line
MAX_CONFIG_BYTES = 1_048_576

# Kubernetes injects MONITOR_PORT=tcp://10.0.0.1:9464 for a Service named `monitor`.
SERVICE_LINKS = ("tcp://", "udp://", "sctp://")


class Setting(Struct, frozen=True):
    """One setting: `key` under `[section]` in the file, `SECTION_KEY` everywhere else."""

    section: str
    key: str

    @property
    def variable(self) -> str:
        return f"{self.section}_{self.key}".upper()


@dataclass(frozen=True, slots=True)
class Sources:
    """The places to read settings from.

    environ   -- the environment, read again at every load
    overrides -- from the command line, by SECTION_KEY
    config    -- a TOML file
    """

    environ: Mapping[str, str] = field(repr=False)
    overrides: Mapping[str, str] = field(default_factory=dict, repr=False)
    config: Path | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A value as given, and its source as shown to an operator."""

    value: object = field(repr=False)
    source: str


@dataclass(slots=True)
class Gathered:
    """The given values by setting, and the problems of the sources themselves."""

    values: dict[Setting, Given] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, setting: Setting, value: object, source: str) -> None:
        if not isinstance(value, str) or value.strip():
            self.values[setting] = Given(value, source)


def gather(sources: Sources, known: Collection[Setting], sections: Collection[str]) -> Gathered:
    """Read all sources.

    known    -- every setting that exists
    sections -- the requested ones: environment and secrets of the others are not read
    """
    wanted = [setting for setting in known if setting.section in sections]
    gathered = Gathered()
    if sources.config is not None:
        _read_file(gathered, sources.config, known)
    _read_secrets(gathered, sources.environ, wanted)
    _read_environment(gathered, sources.environ, wanted)
    _read_overrides(gathered, sources.overrides, known)
    return gathered


def _read_overrides(gathered: Gathered, overrides: Mapping[str, str], known: Iterable[Setting]) -> None:
    by_name = {setting.variable: setting for setting in known}
    for name, value in overrides.items():
        if name.upper() in by_name:
            gathered.add(by_name[name.upper()], value, "command line")
        else:
            gathered.problems.append(_unknown(name, nearest(name, by_name)))


def _read_environment(gathered: Gathered, environ: Mapping[str, str], wanted: Iterable[Setting]) -> None:
    by_name = {setting.variable: setting for setting in wanted}
    names = [*by_name, *(f"{name}_FILE" for name in by_name)]
    prefixes = tuple({f"{setting.section}_".upper() for setting in wanted})
    for name, value in environ.items():
        if value.startswith(SERVICE_LINKS):
            continue
        if name in by_name:
            gathered.add(by_name[name], value, "environment")
        elif name not in names and name.upper().startswith(prefixes) and (meant := nearest(name, names)):
            gathered.problems.append(_unknown(name, meant))


def _read_secrets(gathered: Gathered, environ: Mapping[str, str], wanted: Iterable[Setting]) -> None:
    folder = Path(environ.get("SECRETS_DIR") or SECRETS_DIR)
    try:
        there = {path.name for path in folder.iterdir()}
    except OSError as error:
        there = set()
        if environ.get("SECRETS_DIR"):
            what = f"names a directory that can't be read ({error.strerror})"
            gathered.problems.append(Problem("SECRETS_DIR", what, "Set it to the directory of the secret files"))
    for setting in wanted:
        if f"{setting.variable}_FILE" in environ or setting.variable in there:
            _read_secret(gathered, setting, secret_file(environ, setting.variable))


def secret_file(environ: Mapping[str, str], variable: str) -> Path:
    """Return the file of one secret, which may not exist."""
    if path := environ.get(f"{variable}_FILE"):
        return Path(path)
    return Path(environ.get("SECRETS_DIR") or SECRETS_DIR) / variable


def _read_secret(gathered: Gathered, setting: Setting, path: Path) -> None:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) <= MAX_FILE_BYTES:
            gathered.add(setting, content.decode("utf-8-sig"), f"file {path}")
            return
        what = f"has a file that is larger than {MAX_FILE_BYTES} bytes"
    except OSError as error:
        what = f"has a file that can't be read ({error.strerror})"
    except UnicodeDecodeError:
        what = "has a file that is not UTF-8 text"
    hint = f"Fix the file that {setting.variable}_FILE or the secrets directory names"
    gathered.problems.append(Problem(setting.variable, what, hint))


def _read_file(gathered: Gathered, path: Path, known: Collection[Setting]) -> None:
    try:
        content = tomllib.loads(_text_of(path))
    except OSError as error:
        what = f"can't be read ({error.strerror})"
        gathered.problems.append(Problem(str(path), what, "Pass an existing file to --config"))
        return
    except UnicodeDecodeError:
        gathered.problems.append(Problem(str(path), "is not UTF-8 text", "Save it as UTF-8"))
        return
    except tomllib.TOMLDecodeError as error:
        # The message may quote the file: report the position only.
        place = re.search(r"at (line \d+, column \d+|end of document)", str(error))
        what = f"is not TOML ({place[0]})" if place else "is not TOML"
        gathered.problems.append(Problem(str(path), what, 'Write [section], then key = "value"'))
        return
    except (ValueError, RecursionError):  # Python's own limits: a number of 5,000 digits, 1,000 brackets
        what = "is too large, or has a number or a nesting that is too long"
        hint = f"Write a file of at most {MAX_CONFIG_BYTES} bytes"
        gathered.problems.append(Problem(str(path), what, hint))
        return
    for section, entries in content.items():
        _read_table(gathered, path, section, entries, known)


def _text_of(path: Path) -> str:
    """Return the file's text. Raises OSError, UnicodeDecodeError, and ValueError for a file too large."""
    with path.open("rb") as file:
        content = file.read(MAX_CONFIG_BYTES + 1)
    if len(content) > MAX_CONFIG_BYTES:
        raise ValueError("too large")
    return content.decode("utf-8-sig")  # editors on Windows write a byte order mark


def _read_table(gathered: Gathered, path: Path, section: str, entries: object, known: Collection[Setting]) -> None:
    sections = list(dict.fromkeys(setting.section for setting in known))
    if section not in sections:
        meant = nearest(section, sections)
        hint = f"Did you mean [{meant}]?" if meant else f"Use one of {', '.join(f'[{name}]' for name in sections)}"
        gathered.problems.append(Problem(f"[{section}] in {path}", "is not a section", hint))
        return
    if not isinstance(entries, dict):
        gathered.problems.append(Problem(f"{section} in {path}", "is not a table", f"Write [{section}], then its keys"))
        return
    for key, value in entries.items():
        setting = Setting(section, key)
        if setting in known:
            gathered.add(setting, value, str(path))
        else:
            gathered.problems.append(
                Problem(f"[{section}] {key} in {path}", "is not a setting", _meant(setting, known))
            )


def _meant(setting: Setting, known: Iterable[Setting]) -> str:
    keys = [other.key for other in known if other.section == setting.section]
    if meant := nearest(setting.key, keys):
        return f"Did you mean {meant}?"
    if elsewhere := [other.section for other in known if other.key == setting.key]:
        return f"It belongs under [{elsewhere[0]}]"
    return f"Keys of [{setting.section}]: {', '.join(keys)}"


def _unknown(name: str, meant: str | None) -> Problem:
    hint = f"Did you mean {meant}?" if meant else "`clicksend-consumer settings` lists all settings"
    return Problem(name, "is not a setting", hint)
