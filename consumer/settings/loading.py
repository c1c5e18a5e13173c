"""Load and check settings with every problem at once, and list them for `clicksend-consumer settings`."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from consumer.clicksend.credentials import Credentials
from consumer.errors import ConfigurationError, Problem
from consumer.settings.field import fields_of
from consumer.settings.kafka import Kafka
from consumer.settings.model import SECTIONS, Settings, warnings_of, with_shared_defaults
from consumer.settings.reading import read_section
from consumer.settings.registry import Registry
from consumer.settings.registry import problems as registry_problems
from consumer.settings.section import Section, shown
from consumer.settings.sources import Gathered, Setting, Sources, gather

KNOWN = tuple(Setting(name, key) for name, section in SECTIONS.items() for key in fields_of(section))


class Row(Struct, frozen=True):
    """One effective setting. `value` is masked if secret, and None if absent or invalid."""

    name: str
    value: str | None
    source: str


class EffectiveSettings(Struct, frozen=True):
    """All effective settings, each with its source, their problems and warnings."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def load(sources: Sources, sections: Iterable[str] = tuple(SECTIONS)) -> Settings:
    """Read and check these sections, and ignore the others.

    Raises ConfigurationError with all problems.
    """
    read = _read(gather(sources, KNOWN, wanted := tuple(sections)), wanted)
    if read.problems:
        raise ConfigurationError(*read.problems)
    return Settings(sources, read.checked)


def effective_settings(sources: Sources) -> EffectiveSettings:
    """Return the effective settings of all sections, and every problem."""
    gathered = gather(sources, KNOWN, tuple(SECTIONS))
    read = _read(gathered, tuple(SECTIONS))
    wrong = {problem.name for problem in read.problems}
    rows = []
    for setting in KNOWN:
        given = gathered.values.get(setting)
        field = fields_of(SECTIONS[setting.section])[setting.key]
        if checked := read.checked.get(setting.section):
            value = getattr(checked, setting.key)
        else:
            value = given.value if given else None if field.is_required else field.default
        absent = "missing" if field.is_required else "default"
        source = given.source if given else absent
        rows.append(Row(setting.variable, None if setting.variable in wrong else shown(field, value), source))
    return EffectiveSettings(tuple(rows), read.problems, warnings_of(read.checked))


def reload_credentials(settings: Settings) -> Credentials:
    """Read the user name and the API key again: secret files change while the worker runs.

    Raises ConfigurationError while they can't be read.
    """
    clicksend = load(settings.sources, ("clicksend",)).clicksend
    return Credentials(clicksend.username, clicksend.api_key.reveal())


def reload_monitor_token(settings: Settings) -> str | None:
    """Read the monitor's token again. Raises ConfigurationError while it can't be read."""
    token = load(settings.sources, ("monitor",)).monitor.token
    return token.reveal() if token is not None else None


class _Read(Struct, frozen=True):
    """checked -- the sections without a problem."""

    checked: dict[str, Section]
    problems: tuple[Problem, ...]


def _read(gathered: Gathered, sections: tuple[str, ...]) -> _Read:
    checked: dict[str, Section] = {}
    problems = list(gathered.problems)
    unreadable = {problem.name for problem in problems}
    for name in sections:
        given = {setting.key: value.value for setting, value in gathered.values.items() if setting.section == name}
        try:
            checked[name] = read_section(SECTIONS[name], given)
        except ConfigurationError as error:
            problems += [problem for problem in error.problems if problem.name not in unreadable]
    match checked.get("kafka"), checked.get("registry"):
        case Kafka() as kafka, Registry() as registry:
            problems += registry_problems(kafka.value_format, registry)
    return _Read(with_shared_defaults(checked), tuple(problems))
