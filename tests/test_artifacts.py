"""What the package deploys is what the contracts' sources say."""

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NAMES = ["ChargingEscrow", "Settlement", "StationRegistry", "TestStablecoin"]


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


artifacts = load("artifacts")
with_forge = pytest.mark.skipif(
    not list(artifacts.CONTRACTS.glob("node_modules/@foundry-rs/forge-*/bin/forge"))
    or not shutil.which("node"),
    reason="forge or node is not installed here",
)


@with_forge
@pytest.mark.timeout(300)
def test_the_committed_artifacts_are_what_the_sources_compile_to(capsys):
    code = artifacts.main(["--check"])
    assert code == 0, capsys.readouterr().err


@with_forge
@pytest.mark.timeout(300)
def test_a_stale_a_missing_and_a_surplus_artifact_are_named(tmp_path, monkeypatch, capsys):
    copy = tmp_path / "artifacts"
    shutil.copytree(artifacts.ARTIFACTS, copy)
    monkeypatch.setattr(artifacts, "ARTIFACTS", copy)
    monkeypatch.setattr(artifacts, "ROOT", tmp_path)
    stale = copy / "Settlement.json"
    stale.write_text(stale.read_text().replace('"claim"', '"clame"'))
    (copy / "ChargingEscrow.json").unlink()
    (copy / "Old.json").write_text("{}")
    assert artifacts.main(["--check"]) == 1
    named = capsys.readouterr().err
    assert all(name in named for name in ("Settlement", "ChargingEscrow", "Old"))
    assert "TestStablecoin" not in named
    assert artifacts.main([]) == 0
    assert artifacts.main(["--check"]) == 0
    assert not (copy / "Old.json").exists()


@pytest.mark.parametrize("name", NAMES)
def test_an_artifact_holds_what_a_deployment_needs(name):
    held = json.loads((artifacts.ARTIFACTS / f"{name}.json").read_text())
    assert held["contractName"] == name
    code = bytes.fromhex(held["bytecode"].removeprefix("0x"))
    assert len(code) < 49_152, "EIP-3860 bounds init code"
    assert len(bytes.fromhex(held["deployedBytecodeSha256"])) == 32
    assert {entry["type"] for entry in held["abi"]} >= {"constructor", "function", "error"}
