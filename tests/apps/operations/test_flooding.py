"""A station that floods, and two machines with one id: an operator is told, and sees where."""

from __future__ import annotations

import asyncio

from ohmstead.apps.config import PaceConfig
from ohmstead.apps.gateway.pace import OVER_MS, PaceLimits
from ohmstead.core.alerts import Rule, when
from tests.apps.api.desk import walk
from tests.apps.stations.field import V16, V201, iso

STATION = "/api/v1/stations/S"


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def open_alerts(desk):
    return {alert.rule: alert for alert in desk.house.office.alarms.open()}


def test_a_station_that_floods_loses_nothing_and_an_operator_hears_of_it(tmp_path):
    async def scenario(desk):
        field, gateway = desk.field, desk.house.gateway
        async with field.station(V16) as loud, field.station(V201, "OTHER") as quiet:
            tx, _ = await loud.start()
            begun = field.now
            field.wait(10)
            link = field.link()
            sent = 300
            text = '[2,"{}","MeterValues",{{"connectorId":1,"transactionId":{},"meterValue":'
            text += '[{{"timestamp":"{}","sampledValue":[{{"value":"{}"}}]}}]}}]'
            waiting = {f"n{n}": asyncio.Event() for n in range(sent)}
            route = loud.point.route_message

            async def noting(raw):
                for message_id, event in waiting.items():
                    if raw.startswith(f'[3,"{message_id}"'):
                        event.set()
                await route(raw)

            loud.point.route_message = noting
            for number in range(sent):
                at = iso(begun + 1_000 * (number + 1))
                await loud.socket.send(text.format(f"n{number}", tx, at, number))
            await until(lambda: gateway.flooding_ms("S") > 0)
            await quiet.heartbeat()  # an answer, while the other one is held back
            shown = (await desk.host.get(STATION)).json()["connection"]
            assert shown["flooding_s"] >= 1
            # It has been so for long enough: the purse says since when.
            link._intake._pace.flooding_since_ms -= 300_000
            await desk.house.office.minute()
            alert = open_alerts(desk)[Rule.FLOODING]
            since = when(field.now - 300_000)[:10]  # the day: how slow this machine is, too
            assert alert.text.startswith(f"station S floods: it has been slowed since {since}")
            link._intake._pace.limits = PaceLimits()  # an operator had enough of waiting
            async with asyncio.timeout(60):
                await asyncio.gather(*(event.wait() for event in waiting.values()))
            assert len(field.samples(tx)) >= sent
            assert field.link() is link
            link._intake._pace.held_ms -= OVER_MS
            await desk.house.office.minute()
            assert Rule.FLOODING not in open_alerts(desk)

    pace = PaceConfig(messages_per_s=1, burst_s=100)
    walk(tmp_path, scenario, ocpp={"pace": pace})


def test_behaviour_20_two_machines_with_one_id_are_an_alert_with_both_addresses(tmp_path):
    async def scenario(desk):
        gateway = desk.house.gateway
        older = await desk.field.socket(V201)
        for count in range(1, 4):
            newer = await desk.field.socket(V201)
            await older.wait_closed()

            def seen(count=count):
                found = gateway.rivalry("S")
                return found is not None and found.count == count

            await until(seen)
            older = newer
        await desk.house.office.minute()
        alert = open_alerts(desk)[Rule.DUPLICATE]
        text = "two connections use the id S, both from 127.0.0.1, and end each other"
        assert alert.text == text
        shown = (await desk.host.get(STATION)).json()["connection"]
        assert (shown["rivals"], shown["address"]) == ("both from 127.0.0.1", "127.0.0.1")
        gateway._registry.rivals._found.clear()  # ten minutes of peace
        await desk.house.office.minute()
        assert Rule.DUPLICATE not in open_alerts(desk)
        await older.close()

    walk(tmp_path, scenario)
