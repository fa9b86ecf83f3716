"""Backups are not lost by a slip, and what is wrong is named."""

from __future__ import annotations

import pytest

from tests.apps.cli.test_commands import inside


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    net = tmp_path_factory.mktemp("backups") / "net"
    inside("init", "--dir", net)
    return net


def test_a_backup_replaces_another_only_when_told_to(folder, tmp_path):
    file = tmp_path / "b.tar"
    inside("backup", file, "--dir", folder)
    first = file.read_bytes()
    refused = inside("backup", file, "--dir", folder, code=1)
    assert "--force" in refused.stderr
    assert file.read_bytes() == first
    inside("backup", file, "--force", "--dir", folder)
    assert file.read_bytes() != first


def test_a_backup_to_nowhere_is_refused_by_the_name_of_what_is_missing(folder, tmp_path):
    nowhere = inside("backup", tmp_path / "no" / "b.tar", "--dir", folder, code=1).stderr
    assert f"there is no folder {tmp_path / 'no'}" in nowhere
    assert "is a folder" in inside("backup", tmp_path, "--dir", folder, code=1).stderr


def test_keys_that_are_not_there_are_told_of_and_not_the_folder_to_restore_into(folder, tmp_path):
    file, into, keys = tmp_path / "b.tar", tmp_path / "new", tmp_path / "nokeys"
    inside("backup", file, "--dir", folder)
    told = inside("restore", file, "--dir", into, "--keys", keys, code=1).stderr
    assert told == f"--keys {keys}: there is no such folder\n"
    assert not into.exists()
