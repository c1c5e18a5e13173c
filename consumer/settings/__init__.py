"""All configuration: one model, four sources, every problem at once."""

from consumer.settings.loading import load, reload_credentials, survey
from consumer.settings.model import SECTIONS, Settings
from consumer.settings.sources import Sources

__all__ = ["SECTIONS", "Settings", "Sources", "load", "reload_credentials", "survey"]
