"""The page about upgrading is typed as it stands, beside a running house and without one."""

from __future__ import annotations

import json
import sqlite3

from ohmstead.adapters.store import sql
from tests.apps.cli.test_commands import Up, inside, ohmstead
from tests.apps.operations.test_pages import typed


def test_the_page_about_upgrading_is_typed_beside_a_house_and_without_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ohmstead("init", "--dir", tmp_path)
    *looking, contracting = typed("upgrading.md")
    with Up(tmp_path):
        for command in looking:
            inside(*command)
        shown = json.loads(inside("migrate", "--status", "--json").stdout)
        assert shown["in_use"] is True
        monkeypatch.setattr(sql, "WAL_SAFE_VERSION", (99,))
        assert "`ohmstead restart`" in inside("migrate", code=1).stderr
        monkeypatch.setattr(sql, "WAL_SAFE_VERSION", (0,))
        assert "beside the running house" in inside("migrate").stdout
        assert "stop the house" in inside(*contracting, code=1).stderr
    assert "Nothing is to be done." in inside("migrate", "--dry-run").stdout
    assert "up to date" in inside("migrate").stdout
    assert "nothing to drop" in inside(*contracting).stdout
    shown = json.loads(inside("migrate", "--status", "--json").stdout)
    assert (shown["store"], shown["in_use"], shown["problem"]) == (shown["schema"], False, "")


def test_a_store_that_is_too_new_is_told_by_the_release_to_use(tmp_path):
    ohmstead("init", "--dir", tmp_path)
    with sqlite3.connect(tmp_path / "ohmstead.db") as db:
        db.execute("INSERT INTO schema_migrations VALUES (99, 'far', '9.0.0', 98, 0)")
    why = "start it with ohmstead 9.0.0 or a newer one"
    assert why in inside("migrate", "--dir", tmp_path, code=1).stderr
    shown = inside("migrate", "--status", "--dir", tmp_path, code=1)
    assert why in shown.stderr + shown.output
    assert why in ohmstead("up", "--dir", tmp_path, code=1).stderr
    inside("migrate", "--status", "--dry-run", "--dir", tmp_path, code=2)
