"""Load and check settings with every problem at once, and list them for `clicksend-consumer settings`."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from pydantic import ValidationError

from consumer.clicksend.credentials import Credentials
from consumer.errors import ConfigurationError, Problem
from consumer.settings.kafka import Kafka
from consumer.settings.model import SECTIONS, Settings, warnings_of, with_shared_defaults
from consumer.settings.problems import problems_of
from consumer.settings.registry import Registry
from consumer.settings.registry import problems as registry_problems
from consumer.settings.section import Section, shown
from consumer.settings.sources import Gathered, Setting, Sources, gather

KNOWN = tuple(Setting(name, key) for name, section in SECTIONS.items() for key in section.model_fields)


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
    return Settings.model_construct(None, sources=sources, **read.checked)


def effective_settings(sources: Sources) -> EffectiveSettings:
    """Return the effective settings of all sections, and every problem."""
    gathered = gather(sources, KNOWN, tuple(SECTIONS))
    read = _read(gathered, tuple(SECTIONS))
    wrong = {problem.name for problem in read.problems}
    rows = []
    for setting in KNOWN:
        given = gathered.values.get(setting)
        section = read.checked.get(setting.section) or read.unchecked[setting.section]
        value = None if setting.variable in wrong else shown(section, setting.key)
        absent = "missing" if type(section).model_fields[setting.key].is_required() else "default"
        rows.append(Row(setting.variable, value, given.source if given else absent))
    return EffectiveSettings(tuple(rows), read.problems, warnings_of(read.checked))


def reload_credentials(settings: Settings) -> Credentials:
    """Read the user name and the API key again: secret files change while the worker runs.

    Raises ConfigurationError while they can't be read.
    """
    clicksend = load(settings.sources, ("clicksend",)).clicksend
    return Credentials(clicksend.username, clicksend.api_key.get_secret_value())


def reload_monitor_token(settings: Settings) -> str | None:
    """Read the monitor's token again. Raises ConfigurationError while it can't be read."""
    token = load(settings.sources, ("monitor",)).monitor.token
    return token.get_secret_value() if token is not None else None


class _Read(Struct, frozen=True):
    """unchecked -- the sections with a problem: values as given, for `shown` only."""

    checked: dict[str, Section]
    unchecked: dict[str, Section]
    problems: tuple[Problem, ...]


def _read(gathered: Gathered, sections: tuple[str, ...]) -> _Read:
    checked: dict[str, Section] = {}
    unchecked: dict[str, Section] = {}
    problems = list(gathered.problems)
    unreadable = {problem.name for problem in problems}
    for name in sections:
        given = {setting.key: value.value for setting, value in gathered.values.items() if setting.section == name}
        try:
            checked[name] = SECTIONS[name].model_validate(given)
        except ValidationError as error:
            found = problems_of(name, SECTIONS[name], error)
            problems += [problem for problem in found if problem.name not in unreadable]
            unchecked[name] = SECTIONS[name].model_construct(None, **given)
    match checked.get("kafka"), checked.get("registry"):
        case Kafka() as kafka, Registry() as registry:
            problems += registry_problems(kafka.value_format, registry)
    return _Read(with_shared_defaults(checked), unchecked, tuple(problems))
