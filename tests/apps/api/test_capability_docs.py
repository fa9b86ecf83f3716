"""The requests on the pages for operators are made as they stand there, and succeed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.apps.api import (
    test_charging_profiles_api,
    test_local_lists_api,
    test_reservations_api,
)
from tests.apps.api.desk import walk
from tests.apps.stations.field import MINUTE, V201, iso

PAGES = Path(__file__).resolve().parents[3] / "docs" / "operating"
REQUEST = re.compile(r"^```http\n(\w+) (\S+)\n(?:\n(.*?))?```$", re.MULTILINE | re.DOTALL)
KINDS = {
    "smart-charging.md": test_charging_profiles_api.Station201,
    "local-lists.md": test_local_lists_api.Station201,
    "reservations.md": test_reservations_api.Station201,
}


@pytest.mark.parametrize("page", KINDS)
def test_every_request_on_the_page_is_answered_well(tmp_path, page):
    text = (PAGES / page).read_text(encoding="utf-8")
    found = REQUEST.findall(text)
    assert len(found) == text.count("```http") > 2

    async def scenario(desk):
        await test_reservations_api.second_driver(desk)
        async with desk.field.station(V201, kind=KINDS[page]):
            for method, path, body in found:
                payload = json.loads(body) if body else None
                if payload and "expires" in payload:
                    payload["expires"] = iso(desk.field.now + 30 * MINUTE)
                where = path.replace("/CP1/", "/S/")
                answer = await desk.host.request(method, where, json=payload)
                assert answer.is_success, (method, path, answer.text)

    walk(tmp_path, scenario)
