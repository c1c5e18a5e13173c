"""Simple alternatives to the worker, each in its own process: the baselines of the figures.

python -m tests.benchmarks.baselines posts URL CONTACTS THREADS
python -m tests.benchmarks.baselines consume BOOTSTRAP TOPIC RECORDS
python -m tests.benchmarks.baselines idle SECONDS
python -m tests.benchmarks.baselines busy
"""

from __future__ import annotations

import asyncio
import os
import queue
import sys
import threading
import time

import orjson
import requests
from confluent_kafka import Consumer

from tests.benchmarks.events import contacts
from tests.benchmarks.measure import peak_rss

TICK = 0.01  # seconds
WARM_UP = 0.05  # share of the records after which the clock starts


def posts(url: str, count: int, threads: int) -> None:
    """Threads with a Session each, `session.post(json=...)`, fed from a queue."""
    waiting: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
    for contact in contacts(count):
        waiting.put(contact)
    crew = [threading.Thread(target=_post_all, args=(f"{url}/lists/42/contacts", waiting)) for _ in range(threads)]
    for each in crew:
        each.start()
    for each in crew:
        each.join()


def _post_all(url: str, waiting: queue.SimpleQueue[dict[str, str]]) -> None:
    with requests.Session() as session:
        session.auth = ("jane", "key")
        while True:
            try:
                contact = waiting.get_nowait()
            except queue.Empty:
                return
            session.post(url, json=contact, timeout=(3, 10)).raise_for_status()


def consume(bootstrap: str, topic: str, count: int) -> dict[str, float]:
    """Read the topic, parse each record, look at its name."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": f"baseline-{topic}", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    seen = enrolments = begun = 0
    start = cpu = 0.0
    while seen < count:
        for message in consumer.consume(500, 0.05):
            event = orjson.loads(message.value() or b"{}")
            enrolments += event["event"] == "Signed Up"
            seen += 1
        if not begun and seen >= count * WARM_UP:
            begun, start, cpu = seen, time.monotonic(), time.process_time()
    result = {"records": seen - begun, "seconds": time.monotonic() - start, "cpu": time.process_time() - cpu}
    consumer.close()
    return {**result, "memory": peak_rss(os.getpid())}


async def idle(seconds: float) -> dict[str, float]:
    """An event loop with one timer: the longest that it was kept from running is the machine's doing."""
    loop = asyncio.get_running_loop()
    end, longest = loop.time() + seconds, 0.0
    while (now := loop.time()) < end:
        await asyncio.sleep(TICK)
        longest = max(longest, loop.time() - now - TICK)
    return {"longest": longest}


def busy() -> None:
    """A neighbour that computes until its parent is gone."""
    parent = os.getppid()
    while os.getppid() == parent:
        for _ in range(100_000):
            pass


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["posts", url, count, threads]:
            posts(url, int(count), int(threads))
        case ["consume", bootstrap, topic, count]:
            sys.stdout.write(orjson.dumps(consume(bootstrap, topic, int(count))).decode())
        case ["idle", seconds]:
            sys.stdout.write(orjson.dumps(asyncio.run(idle(float(seconds)))).decode())
        case ["busy"]:
            busy()
