"""``ohmstead restart`` and ``reload``: what is asked of a running house on its control socket."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from ohmstead.apps.cli.common import HERE, Dir, Json, say, say_json
from ohmstead.errors import OperatorError

ANSWER_S = 600.0


def restart(directory: Dir = HERE, as_json: Json = False) -> None:
    """Replace the running process by a new one; no station that connects meanwhile is refused.

    It is started as the running one was typed. If it cannot serve, the running one goes on.
    """
    answer = ask(directory, "restart")
    if as_json:
        say_json(answer)
    else:
        say(f"Process {answer['pid']} serves now.")
        say("The one before closes its stations' sockets over ocpp.drain_s, and ends.")


def reload(directory: Dir = HERE, as_json: Json = False) -> None:
    """Have network.toml and the TLS files read anew, and say what waits for a restart."""
    answer = ask(directory, "reload")
    if as_json:
        say_json(answer)
        return
    for line in answer["changed"]:
        say(f"changed: {line}")
    for line in answer["waiting"]:
        say(f"waits for `ohmstead restart`: {line}")
    if not answer["changed"] and not answer["waiting"]:
        say("Nothing has changed.")


def ask(directory: Path, what: str) -> dict[str, Any]:
    """Ask the running house; raises OperatorError with its own words."""
    return asyncio.run(_ask(directory, what))


async def _ask(directory: Path, what: str) -> dict[str, Any]:
    from ohmstead.apps.running.control import reach

    conversation = reach(directory)
    try:
        await conversation.say({"ask": what})
        heard = await conversation.hear(ANSWER_S)
    except OSError:
        heard = None
    finally:
        conversation.close()
    if heard is None:
        raise OperatorError("the running house ended without an answer; its log says why")
    if "error" in heard[0]:
        raise OperatorError(str(heard[0]["error"]))
    return heard[0]
