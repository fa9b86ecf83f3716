"""The id_tokens there are, over HTTP and as a person lists them."""

from __future__ import annotations

from tests.apps.api.desk import problem, walk
from tests.flows.world import DRIVER, HOST

T = "/api/v1/id-tokens"


async def everything(client, **query):
    """Every id_token, two a page."""
    seen, cursor = [], ""
    while cursor is not None:
        answer = await client.get(T, params={"limit": 2, "cursor": cursor, **query})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        seen, cursor = seen + page["items"], page["next"]
    return seen


def test_id_tokens_are_listed_by_pages_and_a_driver_sees_its_own_alone(tmp_path):
    async def scenario(desk):
        before = {one["uid"] for one in await everything(desk.host)}
        for uid, payer in (("His-1", HOST), ("HIS-2", HOST), ("MINE", DRIVER)):
            made = await desk.host.put(f"{T}/{uid}", json={"payer": payer})
            assert made.is_success
        assert (await desk.host.delete(f"{T}/his-2")).is_success
        every = await everything(desk.read)
        assert {one["uid"] for one in every} == before | {"His-1", "HIS-2", "MINE"}
        assert [one["uid"].casefold() for one in every] == sorted(
            one["uid"].casefold() for one in every
        )
        shown = (await desk.read.get(f"{T}/his-2")).json()
        assert shown in every and shown["status"] == "invalid"
        of_host = await everything(desk.host, payer=HOST.upper().replace("X", "x"))
        assert [one["uid"] for one in of_host] == ["His-1", "HIS-2"]
        for own in (await everything(desk.driver), await everything(desk.driver, payer=HOST)):
            assert "MINE" in {one["uid"] for one in own}
            assert {one["payer"] for one in own} == {DRIVER}
        assert await everything(desk.host, payer="0x" + "00" * 20) == []
        told = problem(await desk.host.get(T, params={"payer": "Zoë"}), 400)
        assert told["detail"].startswith("payer: expected an address")
        problem(await desk.host.get(T, params={"cursor": "!"}), 400)
        problem(await desk.validator.get(T), 403, "scope")
        problem(await desk.nobody.get(T), 401)

    walk(tmp_path, scenario)
