"""The examples of docs/operating/privacy.md, typed as they stand there."""

from __future__ import annotations

import json
import re
import shlex
import stat
from pathlib import Path

import pytest

from ohmstead.apps.cli import persons
from ohmstead.apps.cli.persons import _in_the_way, _say, _wait
from ohmstead.core.person import PersonState
from tests.apps.cli.test_commands import OWNER, Up, inside

PAGE = Path(__file__).parents[3] / "docs" / "operating" / "privacy.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)


def test_the_examples_of_the_page_work_as_they_stand(tmp_path, monkeypatch):
    folder = tmp_path / "net"
    inside("init", "--dir", folder, "--json")
    monkeypatch.setenv("OHMSTEAD_DIR", str(folder))
    monkeypatch.chdir(tmp_path)
    said = {}
    with Up(folder):
        inside("id-token", "put", "CARD-1", "--payer", OWNER)
        for block in BLOCKS:
            for line in block.strip().splitlines():
                command, _, to = line.partition(" > ")
                words = shlex.split(command)
                assert words.pop(0) == "ohmstead"
                said[command] = inside(*words).stdout
                if to:
                    Path(to).write_text(said[command])
        found = json.loads(Path("person.json").read_text())
        assert found["records"]["id_tokens"][0]["uid"] == "CARD-1"
        assert stat.S_IMODE(Path("person.json").stat().st_mode) == 0o600
        again = inside("person", "report", "CARD-1", "--out", "person.json", code=1)
        assert "--out person.json" in again.stderr
        assert "erased: 1 of id_tokens" in said["ohmstead person forget CARD-1 --dry-run"]
        assert "Nobody who was forgotten is here." in said["ohmstead person again forgotten.json"]
        (request,) = json.loads(inside("person", "requests", "--json").stdout)
        shown = inside("person", "show", request["id"]).stdout
        assert re.match(rf"{request['id']} is (done|erasing what is held here)", shown)
        Path("no.json").write_text("[1]")
        assert "is not what" in inside("person", "again", "no.json", code=1).stderr
        refused = inside("person", "forget", "CARD-1", "--wait", code=1)
        assert f"(forgotten by {request['id']}): no record has that name" in refused.stderr
        strange = inside("person", "forget", "CARD-1" * 99, code=1)
        assert "characters" in strange.stderr
        nobody = inside("person", "report", "CARD-9")
        assert "Nobody is known here as CARD-9: no record has that name" in nobody.stderr
        assert json.loads(nobody.stdout)["unknown"] == ["CARD-9"]
        written = inside("person", "report", "CARD-9", "CARD-8", "--out", "nobody.json")
        assert written.stdout.startswith("0 records are in nobody.json.")
        assert "known here as CARD-9 or CARD-8" in written.stderr
        assert "known here as CARD-9" in inside("person", "forget", "CARD-9", "--dry-run").stdout
        wrong = inside("person", "report", "0xzz", code=1)
        assert "0xzz is no payer's address, which is 0x and 40 hex digits" in wrong.stderr
        inside("data-transfer", "list")


def test_a_request_says_in_words_how_far_it_is(capsys):
    found = {"records": {}, "blocked_by": [], "stations": []}
    for state in PersonState:
        _say({"id": "P-1", "state": state.value} | found)
    assert capsys.readouterr().out.splitlines() == [
        "P-1 is waiting for what stands in the way.",
        "P-1 is erasing what is held here.",
        "P-1 is done here, and stations are still to be told.",
        "P-1 is done.",
    ]


def test_what_stands_in_the_way_is_told_in_the_words_of_options():
    text = _in_the_way(["5.00 tUSD of payer 0x1 are left; say so (leave_balance)", "a lock"])
    assert text == (
        "not now: 5.00 tUSD of payer 0x1 are left; say so (--leave-balance), and 1 more "
        "(--dry-run lists them); --when-settled waits for it"
    )


def test_a_file_that_is_missing_is_not_said_to_be_a_wrong_one(tmp_path):
    other = tmp_path / "other.json"
    other.write_text("{")
    said = inside("person", "again", tmp_path / "none.json", "--dir", tmp_path, code=1).stderr
    assert "none.json cannot be read: No such file" in said
    said = inside("person", "again", other, "--dir", tmp_path, code=1).stderr
    assert "is not what `ohmstead person requests --json` prints" in said


def test_whoever_waits_is_told_what_for_and_that_the_request_goes_on_without_them(
    capsys, monkeypatch
):
    monkeypatch.setattr(persons, "POLL_S", 0)
    left = "5.00 tUSD of payer 0x1 are left; say that they stay (leave_balance)"
    away = {"station": "CP1", "state": "waiting"}
    found = {"id": "P-1", "state": "waiting", "blocked_by": [left], "stations": [away]}
    later = [
        found,
        found | {"state": "erasing", "blocked_by": []},
        found | {"state": "stations", "blocked_by": []},
        found | {"state": "done", "blocked_by": [], "stations": [away | {"state": "done"}]},
    ]
    assert _wait(iter(later).__next__, found, progress=True) == later[-1]
    assert capsys.readouterr().out.splitlines() == [
        "P-1 is waiting for what stands in the way. It waits: 5.00 tUSD of payer 0x1 are left; say "
        "that they stay (--leave-balance).",
        "P-1 is erasing what is held here.",
        "P-1 is done here, and stations are still to be told. It waits: CP1 to be there.",
    ]

    def give_up():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _wait(give_up, later[2], progress=False)
    said = capsys.readouterr()
    assert "P-1 goes on; `ohmstead person show P-1` tells how far it is." in said.err
    assert said.out == ""
