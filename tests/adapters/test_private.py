"""What holds people's names and secrets is for its owner only."""

from __future__ import annotations

import logging
import os

import pytest
from typer.testing import CliRunner

from ohmstead.adapters.private import keep_private
from ohmstead.apps.cli.main import app
from tests.adapters.store.test_sqlite_store import Note, keep, open_store


@pytest.fixture(autouse=True)
def usual_mask():
    """As most machines have it: everybody may read what is made."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder):
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


async def test_a_database_its_log_and_its_copy_are_for_their_owner_only(tmp_path):
    store = open_store(tmp_path / "db")
    await store.run(keep, Note("1"))
    await store.snapshot(tmp_path / "copy")
    assert {"db", "db-wal", "db-shm", "db.lock", "copy"} == set(modes(tmp_path))
    assert set(modes(tmp_path).values()) == {0o600}
    await store.close()


async def test_a_database_that_others_could_read_is_narrowed_when_it_is_opened(tmp_path, caplog):
    path = tmp_path / "db"
    await open_store(path).close()
    path.chmod(0o644)
    (tmp_path / "db-wal").touch(0o644)
    with caplog.at_level(logging.WARNING, "ohmstead.private"):
        store = open_store(path)
    await store.run(keep, Note("1"))
    assert {mode & 0o077 for mode in modes(tmp_path).values()} == {0}
    assert "db was mode 644" in caplog.text and "db-wal" in caplog.text
    await store.close()


def test_a_new_network_shows_nothing_to_others_but_its_settings(tmp_path):
    folder = tmp_path / "n"
    assert CliRunner().invoke(app, ["init", "--dir", str(folder)]).exit_code == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {name for name, mode in modes(folder).items() if mode & 0o077} == {"network.toml"}
    assert {mode & 0o077 for mode in modes(folder / "keys").values()} == {0}


def test_what_cannot_be_narrowed_is_warned_of(tmp_path, caplog, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    (tmp_path / "db").touch(0o644)
    monkeypatch.setattr(type(tmp_path), "chmod", refuse)
    keep_private(tmp_path / "db", tmp_path / "absent")
    assert "db can be read by others" in caplog.text and "absent" not in caplog.text
