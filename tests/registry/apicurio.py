"""A real Schema Registry: Apicurio, whose API at /apis/ccompat/v7 is Confluent's. In memory, on 127.0.0.1 only."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.kafka.apache import END_SECONDS, START_SECONDS, Unavailable, free_ports
from tests.support.programs import unpack

VERSION = "2.6.13.Final"
ARTIFACT = f"io.apicurio:apicurio-registry-app:{VERSION}:tar.gz:all"
CACHE = Path(__file__).parents[2] / ".cache" / f"apicurio-{VERSION}"
JVM = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]


class Apicurio:
    """A registry that can be killed and started again; its schemas are gone then. Raises Unavailable."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runner = runner()
        (self._port,) = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the API."""
        return f"http://127.0.0.1:{self._port}/apis/ccompat/v7"

    def start(self) -> None:
        """Start it, and return when it answers."""
        with (self._folder / "apicurio.log").open("ab") as out:
            self._process = subprocess.Popen(
                # A test run that is killed leaves none behind (prctl(2), PR_SET_PDEATHSIG).
                ["setpriv", "--pdeathsig", "KILL", "java", *JVM, "-Dquarkus.http.host=127.0.0.1",
                 f"-Dquarkus.http.port={self._port}", "-jar", str(self._runner)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, f"Apicurio has ended:\n{self.log()}"
            assert time.monotonic() < deadline, f"Apicurio does not answer:\n{self.log()}"
            time.sleep(0.1)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(END_SECONDS)
            self._process = None

    def log(self) -> str:
        """What it has said."""
        return (self._folder / "apicurio.log").read_text(errors="replace")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/subjects", timeout=5) as response:  # noqa: S310 -- our own http
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def runner() -> Path:
    """The jar that runs it, fetched by Maven once for this checkout."""
    for program in ("java", "mvn", "setpriv"):
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed")
    done = CACHE / "app"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes begin at once
        if not done.is_dir():
            fetched = subprocess.run(
                ["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={CACHE}"],
                cwd=CACHE, capture_output=True, check=False,
            )  # fmt: skip
            if fetched.returncode:
                raise Unavailable(f"Maven could not fetch Apicurio: {fetched.stdout.decode()[-400:]}")
            unpack(next(CACHE.glob("*.tar.gz")), CACHE / "partial")
            (CACHE / "partial").rename(done)
    return next(done.glob("*-runner.jar"))
