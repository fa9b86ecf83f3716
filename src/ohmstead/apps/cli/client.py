"""Commands on a running house talk to its HTTP API: its process holds the database."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import httpx
from typer.main import get_current_context  # type: ignore[attr-defined]

from ohmstead.errors import ConfigError, OhmsteadError, OperatorError

RUN_FILE = "run.json"
ADMIN_KEY = "admin.key"
TIMEOUT_S = 60.0
REASON_VARIABLE = "OHMSTEAD_REASON"  # why, for every command that sends a station something
FILE_TIMEOUT_S = 600.0  # until a disk has taken the last of a large file
BLOCK = 1 << 20
_LEAD = re.compile(r"(^|; )(\w+)((?:\.\w+|\[\d+\])*):(?= )")
_NAMED = re.compile(r"`(\w+)`")
_ADVICE = re.compile(r", or [^`,;]*`(\w+)`$")  # of no use to a command without that option


class ApiRefused(OhmsteadError):
    """The house answered with a problem document; its fields are named as the command's options."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        said = str(problem.get("detail") or f"the house answered {status}")
        super().__init__(in_options(said))
        self.status = status
        self.problem = problem


def in_options(sentence: str) -> str:
    """A sentence of the API as whoever typed a command reads it: `time_zone` is --time-zone there.

    The API leads with the field that is wrong (``owner: ...``), or names fields in backticks.
    """
    context = get_current_context(silent=True)
    options: dict[str, str] = {}
    for parameter in context.command.params if context else ():
        for one in parameter.opts:
            if one.startswith("--"):
                options[one.removeprefix("--").replace("-", "_")] = one

    def option(field: str) -> str | None:
        known = (field, field.removesuffix("s"), field.removesuffix("_s"))
        return next((options[one] for one in known if one in options), None)

    def lead(found: re.Match[str]) -> str:
        return f"{found[1]}{option(found[2]) or found[2] + found[3]}:"

    advice = _ADVICE.search(sentence)
    if context and advice and option(advice[1]) is None:
        sentence = sentence[: advice.start()]
    sentence = _LEAD.sub(lead, sentence)
    return _NAMED.sub(lambda found: option(found[1]) or found[0], sentence)


def running(directory: Path, face: str = "http") -> str:
    """Where the house of this folder listens for ``http`` or ``ocpp``; OperatorError if nowhere."""
    try:
        url = json.loads((directory / RUN_FILE).read_bytes())[face]
    except (OSError, ValueError, KeyError, TypeError):
        raise OperatorError(
            f"no house runs in {directory.absolute()}; start it with `ohmstead up --dir "
            f"{directory}`, or name its folder with --dir"
        ) from None
    return str(url)


def read_key(directory: Path, key: str) -> str:
    """The API key to use; raises ConfigError when there is none to be read."""
    if key:
        return key
    path = directory / "keys" / ADMIN_KEY
    try:
        return path.read_text().strip()
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}; give an API key with --key or in OHMSTEAD_KEY"
        ) from None


class Api:
    """One command's conversation with the house."""

    def __init__(self, directory: Path, key: str = "") -> None:
        self.url = running(directory)
        headers = {"Authorization": f"Bearer {read_key(directory, key)}"}
        why = os.environ.get(REASON_VARIABLE, "")
        if why.strip():
            headers["Ohmstead-Reason"] = "".join(filter(str.isprintable, why)).strip()
        self._http = httpx.Client(
            base_url=self.url,
            headers=httpx.Headers(headers, encoding="utf-8"),
            timeout=TIMEOUT_S,
            trust_env=False,
        )

    def get(self, path: str, **query: Any) -> Any:
        """Ask for a document."""
        wanted = {name: value for name, value in query.items() if value is not None}
        return self._ask("GET", path, params=wanted)

    def raw(self, path: str, **query: Any) -> bytes:
        """Ask for bytes as they are."""
        return self._send("GET", path, params=query).content

    def all(self, path: str, **query: Any) -> list[Any]:
        """Every item of a paged list."""
        found: list[Any] = []
        cursor = ""
        while True:
            page = self.get(path, cursor=cursor, limit=500, **query)
            found += page["items"]
            cursor = page["next"] or ""
            if not cursor:
                return found

    def post(self, path: str, body: Any = None, once: bool = False) -> Any:
        """Ask for something to be done; ``once``: it moves money."""
        headers = {"Idempotency-Key": str(uuid.uuid4())} if once else {}
        return self._ask("POST", path, json={} if body is None else body, headers=headers)

    def patch(self, path: str, body: Any) -> Any:
        """Change something."""
        return self._ask("PATCH", path, json=body)

    def put(self, path: str, body: Any) -> Any:
        """Write something."""
        return self._ask("PUT", path, json=body)

    def send_file(self, path: str, file: BinaryIO, **query: Any) -> Any:
        """Bring a file, which is never held in memory; as long as it takes."""
        wanted = {name: value for name, value in query.items() if value}
        patient = httpx.Timeout(TIMEOUT_S, read=FILE_TIMEOUT_S)
        return self._ask("POST", path, params=wanted, content=_blocks(file), timeout=patient)

    def fetch_file(self, path: str, to: BinaryIO) -> int:
        """Fetch bytes into a file; returns how many."""
        try:
            with self._http.stream("GET", f"/api/v1{path}") as response:
                if not response.is_success:
                    response.read()
                    raise _refused(response)
                return sum(to.write(block) for block in response.iter_bytes())
        except httpx.HTTPError as error:
            raise OperatorError(
                f"{self.url} broke off ({type(error).__name__}); try again"
            ) from None

    def delete(self, path: str) -> None:
        """Remove something."""
        self._send("DELETE", path)

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        return self._send(method, path, **options).json()

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            response = self._http.request(method, f"/api/v1{path}", **options)
        except httpx.HTTPError as error:
            raise OperatorError(
                f"nothing answers at {self.url} ({type(error).__name__}); start the house with "
                "`ohmstead up`"
            ) from None
        if response.is_success:
            return response
        raise _refused(response)


def _refused(response: httpx.Response) -> ApiRefused:
    """The problem that an answer tells."""
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    return ApiRefused(response.status_code, problem if isinstance(problem, dict) else {})


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(BLOCK):
        yield block


def part(text: str) -> str:
    """An id as one segment of a path."""
    return quote(text, safe="")
