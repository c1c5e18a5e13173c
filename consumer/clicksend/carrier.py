"""Which adapter carries the requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.clicksend.adapter import BoundedAdapter
from consumer.clicksend.lean_adapter import LeanAdapter

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

    from consumer.clicksend.transport import Endpoint, Trust


def adapter_for(endpoint: Endpoint, trust: Trust) -> BaseAdapter:
    """A new adapter for one thread: the lean one, and requests' own where a proxy is in the way."""
    return BoundedAdapter(trust) if endpoint.proxy_url else LeanAdapter(trust)
