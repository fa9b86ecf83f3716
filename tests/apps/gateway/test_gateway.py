"""The gateway answers stations on real sockets: the twenty-five behaviours that live here."""

from __future__ import annotations

import asyncio

from tests.apps.gateway.floor import ask, serving


async def test_behaviour_01_every_call_gets_one_reply_with_its_id():
    async with serving() as floor, floor.station() as station:
        for number in range(20):
            assert await ask(station, f"m{number}", "Echo", {"n": number}) == [
                3,
                f"m{number}",
                {"n": number},
            ]
        assert await ask(station, "r", "Refuse") == [
            4,
            "r",
            "PropertyConstraintViolation",
            "not like this",
            {},
        ]
        assert await ask(station, "b", "Break") == [4, "b", "InternalError", "", {}]
        await asyncio.sleep(0.05)
        assert len(floor.peer().handled) == 22
