"""A real Prometheus: a running one, or one started for a test."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import yaml

from tests.kafka.apache import free_ports
from tests.support.programs import absent
from tests.support.waiting import wait_until


class Prometheus:
    """Asks a Prometheus that runs."""

    def __init__(self, url: str) -> None:
        self._url = url

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that an expression gives at present. Fails on one that Prometheus does not take."""
        return list(self._get("query", query=expression)["result"])

    def history(self, expression: str, start: float) -> list[float]:
        """All values of an expression since `start` (seconds since the epoch), a second apart."""
        return [float(value) for series in self.range(expression, start, time.time()) for _, value in series["values"]]

    def range(self, expression: str, start: float, end: float) -> list[dict[str, Any]]:
        """The series of an expression between two times (seconds since the epoch), with a value for each second."""
        return list(self._get("query_range", query=expression, start=start, end=end, step=1)["result"])

    def firing(self) -> set[str]:
        """The alerts that fire."""
        return {each["metric"]["alertname"] for each in self.query('ALERTS{alertstate="firing"}')}

    def fired(self) -> set[str]:
        """The alerts that fire, or have fired at any time."""
        return {each["metric"]["alertname"] for each in self.query('last_over_time(ALERTS{alertstate="firing"}[1d])')}

    def words(self, alert: str) -> str:
        """Return summary and description of a firing alert."""
        (found,) = [each for each in self._get("alerts")["alerts"] if each["labels"]["alertname"] == alert]
        return f"{found['annotations']['summary']}. {found['annotations']['description']}"

    def _get(self, what: str, **parameters: object) -> dict[str, Any]:
        address = f"{self._url}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310 -- our own loopback
            return dict(json.load(answer)["data"])


class PrometheusServer(Prometheus):
    """Scrapes the targets and evaluates the rules, both every second. Loopback only, its data in the folder. Ended with
    the `with` block.
    """

    def __init__(self, folder: Path, rules: str, targets: Sequence[str]) -> None:
        if shutil.which("prometheus") is None:
            absent("prometheus is not installed")
        (folder / "rules.yaml").write_text(rules)
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yaml"],
            "scrape_configs": [
                {"job_name": "j", "static_configs": [{"targets": list(targets), "labels": {"namespace": "n"}}]}
            ],
        }
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
        (port,) = free_ports(1)
        super().__init__(f"http://127.0.0.1:{port}")
        self._log = folder / "prometheus.log"
        files = [f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/data"]
        with self._log.open("wb") as out:
            self._process = subprocess.Popen(
                # A test run that is killed leaves no server behind (prctl(2), PR_SET_PDEATHSIG).
                ["setpriv", "--pdeathsig", "KILL", "prometheus", f"--web.listen-address=127.0.0.1:{port}", *files],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(120)

    def wait(self, what: Callable[[], Any], seconds: float = 240) -> None:
        """Wait until something is true; fails with the server's log."""

        def true() -> bool:
            assert self._process.poll() is None, self._log.read_text()
            with suppress(urllib.error.URLError):
                return bool(what())
            return False

        wait_until(true, lambda: self.query("ALERTS"), seconds=seconds, pause=0.1)
