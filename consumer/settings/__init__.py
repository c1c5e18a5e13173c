"""All configuration: one model, four sources, every problem at once."""

from consumer.settings.loading import effective_settings, load, reload_credentials, reload_monitor_token
from consumer.settings.model import SECTIONS, Settings
from consumer.settings.sources import Sources

__all__ = [
    "SECTIONS",
    "Settings",
    "Sources",
    "effective_settings",
    "load",
    "reload_credentials",
    "reload_monitor_token",
]
