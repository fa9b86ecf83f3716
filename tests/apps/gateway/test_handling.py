"""A handler that waits goes on without a Task, and ends as it would have in one."""

from __future__ import annotations

import asyncio

from ohmstead.apps.gateway.handling import Handling


def begun(handler, finished):
    coroutine = handler()
    return Handling(None, coroutine, coroutine.send(None), lambda _, outcome: finished(outcome))


def outcome_of(handler, act=lambda handling: None):
    async def run():
        ended = asyncio.get_running_loop().create_future()
        act(begun(handler, ended.set_result))
        return await asyncio.wait_for(ended, 5)

    return asyncio.run(run())


def test_a_handler_goes_on_when_what_it_waits_for_is_there():
    async def handler():
        first = await asyncio.sleep(0.001, b"one ")
        await asyncio.sleep(0)
        return first + await asyncio.create_task(asyncio.sleep(0.001, b"two"))

    assert outcome_of(handler) == b"one two"


def test_what_a_future_failed_with_is_raised_where_the_handler_waits():
    async def handler():
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.set_exception, LookupError("gone"))
        try:
            await future
        except LookupError as error:
            return str(error).encode()

    assert outcome_of(handler) == b"gone"


def test_what_a_handler_raises_is_its_outcome():
    async def handler():
        await asyncio.sleep(0.001)
        raise LookupError("gone")

    assert isinstance(outcome_of(handler), LookupError)


def test_a_cancelled_handler_is_cancelled_where_it_waits():
    seen = []

    async def handler():
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("cleaned up")

    outcome = outcome_of(handler, lambda handling: handling.cancel())
    assert isinstance(outcome, asyncio.CancelledError)
    assert seen == ["cleaned up"]
