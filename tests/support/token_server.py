"""A real OAuth 2.0 token server, and a token endpoint before it that can answer as broken ones do."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from tests.kafka.apache import END_SECONDS, START_SECONDS, Unavailable, free_ports

VERSION = "2.1.10"
CACHE = Path(__file__).parents[2] / ".cache" / f"mock-oauth2-server-{VERSION}"
JVM = ["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
MAIN = "no.nav.security.mock.oauth2.StandaloneMockOAuth2ServerKt"
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tests</groupId><artifactId>oauth</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>no.nav.security</groupId><artifactId>mock-oauth2-server</artifactId><version>{VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""
AUDIENCE, OTHER_SCOPE = "kafka", "another-audience"
LIFE_SECONDS = 15  # librdkafka asks for the next after 12


def _claims(parameter: str, match: str, audience: str) -> dict[str, object]:
    return {"requestParam": parameter, "match": match, "claims": {"sub": "worker", "aud": [audience]}}


CONFIG = {
    "interactiveLogin": False,
    "tokenCallbacks": [
        {
            "issuerId": "company",
            "tokenExpiry": LIFE_SECONDS,
            "requestMappings": [
                _claims("scope", OTHER_SCOPE, "another"),
                _claims("grant_type", "*", AUDIENCE),
            ],
        }
    ],
}


class TokenServer:
    """mock-oauth2-server of NAV, from Maven Central: signs its tokens, and publishes its keys. Raises Unavailable."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "tokens.log"
        self._libraries = libraries()
        (self._port,) = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def issuer(self) -> str:
        """The issuer of the tokens."""
        return f"http://127.0.0.1:{self._port}/company"

    @property
    def keys(self) -> str:
        """The address of its public keys."""
        return f"{self.issuer}/jwks"

    def start(self) -> None:
        """Start it, and return when it answers."""
        variables = {**os.environ, "SERVER_HOSTNAME": "127.0.0.1", "SERVER_PORT": str(self._port)}
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                # A test run that is killed leaves none behind (prctl(2), PR_SET_PDEATHSIG).
                ["setpriv", "--pdeathsig", "KILL", "java", *JVM, "-cp", f"{self._libraries}/*", MAIN],
                env={**variables, "JSON_CONFIG": json.dumps(CONFIG)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, f"the token server has ended:\n{self._log.read_text()}"
            assert time.monotonic() < deadline, f"the token server does not answer:\n{self._log.read_text()}"
            time.sleep(0.1)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(END_SECONDS)
            self._process = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.keys, timeout=5) as response:  # noqa: S310 -- our own http
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False


class Answer(StrEnum):
    """What a token endpoint does."""

    TOKEN = "token"
    HTML = "html"
    REDIRECT = "redirect"
    REFUSAL = "refusal"
    OTHER_AUDIENCE = "other_audience"  # a token that is not for Kafka
    SILENCE = "silence"  # it accepts, and never answers


class TokenEndpoint:
    """A token endpoint that hands requests on to a token server, or answers as told. For a `with` block."""

    def __init__(self, server: TokenServer, answer: Answer = Answer.TOKEN) -> None:
        self.answer = answer
        self.requests = 0
        self._stopped = threading.Event()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def do_POST(self) -> None:
                endpoint._answered(self, server)

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/token"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._http.shutdown()
        self._http.server_close()

    def _answered(self, request: BaseHTTPRequestHandler, server: TokenServer) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        self.requests += 1
        login = request.headers["Authorization"]
        secret = base64.b64decode(login.partition(" ")[2]).decode()
        match self.answer:
            case Answer.TOKEN:
                self._reply(request, 200, "application/json", _token(server, body, login))
            case Answer.OTHER_AUDIENCE:
                form = body + f"&scope={OTHER_SCOPE}".encode()
                self._reply(request, 200, "application/json", _token(server, form, login))
            case Answer.HTML:
                self._reply(request, 200, "text/html", f"<html>sign in, {secret}</html>".encode())
            case Answer.REFUSAL:
                error = {"error": "invalid_client", "error_description": f"unknown {secret}"}
                self._reply(request, 401, "application/json", json.dumps(error).encode())
            case Answer.REDIRECT:
                request.send_response(302)
                request.send_header("Location", f"{self.url}?again")
                request.send_header("Content-Length", "0")
                request.end_headers()
            case Answer.SILENCE:
                self._stopped.wait()

    def _reply(self, request: BaseHTTPRequestHandler, status: int, kind: str, body: bytes) -> None:
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)


def _token(server: TokenServer, body: bytes, authorization: str) -> bytes:
    headers = {"Authorization": authorization, "Content-Type": "application/x-www-form-urlencoded"}
    request = urllib.request.Request(f"{server.issuer}/token", body, headers)  # noqa: S310 -- our own http
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 -- the same
        answer: bytes = response.read()
    return answer


def libraries() -> Path:
    """The folder of the server's jars, fetched by Maven once for this checkout."""
    for program in ("java", "mvn", "setpriv"):
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed")
    done = CACHE / "libs"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes begin at once
        if not done.is_dir():
            (CACHE / "pom.xml").write_text(POM)
            goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={CACHE / 'partial'}"]
            fetched = subprocess.run(["mvn", "-q", "-B", *goal], cwd=CACHE, capture_output=True, check=False)
            if fetched.returncode:
                raise Unavailable(f"Maven could not fetch the token server: {fetched.stdout.decode()[-400:]}")
            (CACHE / "partial").rename(done)
    return done
