"""The pages of docs/operating about this are typed as they stand."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import typer

from ohmstead.apps.cli.main import app
from ohmstead.apps.config import parse
from ohmstead.core.webhooks import BACK_OFF_MS, Topic
from ohmstead.errors import ConfigError
from tests.apps.cli.test_commands import Up, inside, ohmstead
from tools import gen_reference

PAGES = Path(__file__).parents[3] / "docs" / "operating"


def text_of(name):
    return (PAGES / name).read_text(encoding="utf-8")


def typed(name, kind="sh"):
    blocks = re.findall(rf"^```{kind}\n(.*?)^```$", text_of(name), re.MULTILINE | re.DOTALL)
    return [shlex.split(line)[1:] for line in "".join(blocks).splitlines()]


def test_the_page_about_backups_ends_in_a_house_that_works_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ohmstead("init", "--dir", tmp_path)
    with Up(tmp_path):
        for command in typed("backup.md"):
            inside(*command)
    assert typed("backup.md", "sh-up") == [["up", "--dir", "restored"]]
    with Up(tmp_path / "restored"):
        assert "frozen: restored from a backup" in str(
            inside("status", "--dir", "restored", "--json").stdout
        )
        for command in typed("backup.md", "sh-frozen"):
            assert "The house works again." in inside(*command).stdout


def test_the_pages_about_webhooks_and_alerts_name_commands_that_exist(tmp_path):
    known = {name for name, _ in gen_reference.commands(typer.main.get_command(app), "ohmstead")}
    for name in ("webhooks.md", "alerts.md"):
        for command in typed(name):
            assert f"ohmstead {command[0]} {command[1]}" in known
    ohmstead("init", "--dir", tmp_path)
    with Up(tmp_path):
        assert inside("alert", "list", "--dir", tmp_path).stdout == "Nothing is wrong.\n"
        refused = inside("webhook", "add", "https://127.0.0.1/x", "--dir", tmp_path, code=1)
        assert "put its network into webhooks.allow" in refused.stderr
        assert json.loads(inside("webhook", "list", "--json", "--dir", tmp_path).stdout) == []
        assert (
            "no mail is configured"
            in inside("alert", "test-mail", "--dir", tmp_path, code=1).stderr
        )


@pytest.mark.parametrize("name", ["webhooks.md", "alerts.md"])
def test_what_the_pages_configure_is_a_configuration(name):
    for block in re.findall(r"^```toml\n(.*?)^```$", text_of(name), re.MULTILINE | re.DOTALL):
        parse(block.encode(), name)


def test_every_topic_and_every_wait_is_on_the_page():
    page = text_of("webhooks.md")
    assert all(f"`{topic.value}`" in page for topic in Topic)
    waits = re.search(r"again after (.*?)\.\s", page, re.DOTALL)[1]
    units = {"s": 1_000, "min": 60_000, "h": 3_600_000}
    found = [int(n) * units[unit] for n, unit in re.findall(r"(\d+) (s|min|h)", waits)]
    assert tuple(found) == BACK_OFF_MS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[webhooks]\nallow = ["10.0.0.0/33"]',
            ":2: key webhooks.allow: '10.0.0.0/33'",
        ),
        ('[mail]\nto = ["a@b"]', ":2: key mail.to: needs mail.server"),
        ('[mail]\nserver = "mail"', ":2: key mail.server: expected HOST:PORT"),
        ('[mail]\nserver = "m:25"\ntls = "none"', ':3: key mail.tls: "none" is for a server on'),
        ("[alerts]\noffline_s = -1", ":2: key alerts.offline_s"),
    ],
)
def test_a_wrong_key_is_refused_with_its_line(text, said):
    with pytest.raises(ConfigError, match=re.escape(said)):
        parse(text.encode(), "network.toml")
