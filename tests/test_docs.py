"""Every command, route and configuration key is documented, and the documents are fresh."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import typer

from ohmstead.apps import config as configuration
from ohmstead.apps.cli.main import app
from ohmstead.apps.config import Config, ShareConfig
from ohmstead.apps.profiles import profile_names, profile_text
from tools import gen_reference

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"


def text_of(name):
    return (REFERENCE / name).read_text(encoding="utf-8")


def test_the_reference_is_what_the_program_says_of_itself():
    command = [sys.executable, str(ROOT / "tools" / "gen_reference.py"), "--check"]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_command_and_option_is_documented():
    text = text_of("cli.md")
    found = list(gen_reference.commands(typer.main.get_command(app), "ohmstead"))[1:]
    assert len(found) > 30
    for name, command in found:
        assert f"## {name}\n" in text, name
        assert command.help, f"{name} says nothing of itself"
        if hasattr(command, "commands"):
            continue
        section = text.split(f"## {name}\n")[1].split("\n## ")[0]
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--") and option != "--help":
                    assert option in section, f"{name} {option}"


def test_every_route_is_documented_with_who_may_ask():
    text = text_of("http.md")
    found = list(gen_reference.routes())
    assert len(found) > 40
    for route, who, what in found:
        assert what, f"{route} says nothing of itself"
        assert f"| `{route}` | {who} |" in text


def test_every_configuration_key_is_documented_and_explained():
    text = text_of("config.md")
    for name, section in gen_reference.sections(Config):
        body = text.split(f"## [{name}]\n")[1].split("\n## ")[0]
        for field in gen_reference.keys(section):
            assert f"| `{field.name}` |" in body, f"{name}.{field.name}"
    shares = text.split("## [[money.shares]]")[1]
    assert all(f"| `{field.name}` |" in shares for field in msgspec.structs.fields(ShareConfig))


def test_the_reference_profile_names_every_key_with_its_default():
    assert "commons" in profile_names()
    for name in profile_names():
        configuration.parse(profile_text(name), name)
    text = profile_text("commons").decode()
    assert configuration.parse(text.encode(), "commons") == Config()
    for name, section in gen_reference.sections(Config):
        body = text.split(f"[{name}]\n")[1]
        for field in gen_reference.keys(section):
            if field.name != "shares":
                assert re.search(rf"^{field.name} = ", body, re.MULTILINE), field.name
