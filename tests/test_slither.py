"""Every finding of slither has a reason, and the tool that says so can say no."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SPEC = importlib.util.spec_from_file_location("slither_tool", ROOT / "tools/slither.py")
slither = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(slither)

CONTRACT = {"type": "contract", "name": "Settlement"}
FUNCTION = {
    "type": "function",
    "name": "anchor",
    "type_specific_fields": {"parent": CONTRACT},
}
NODE = {"type": "node", "name": "a == b", "type_specific_fields": {"parent": FUNCTION}}


def results(check, element):
    return [{"check": check, "elements": [element], "description": "as slither says it"}]


def test_the_table_is_read_without_its_head():
    rows = slither.explained(slither.EXPLAINED.read_text())
    assert ("assembly", "Tree.includes") in rows
    assert not any(check.startswith("-") or check == "Detector" for check, _ in rows)


def test_a_finding_is_named_by_its_contract_and_member():
    assert slither.finding(results("timestamp", NODE)[0]) == ("timestamp", "Settlement.anchor")
    assert slither.finding(results("pragma", CONTRACT)[0]) == ("pragma", "?")


def test_an_unexplained_finding_fails_and_so_does_a_vain_explanation(monkeypatch, tmp_path, capsys):
    table = tmp_path / "SLITHER.md"
    monkeypatch.setattr(slither, "EXPLAINED", table)
    monkeypatch.setattr(slither, "run_slither", lambda: results("timestamp", NODE))
    table.write_text("| timestamp | `Settlement.anchor` | Hours. |\n")
    assert slither.main() == 0
    table.write_text("| timestamp | `Settlement.claim` | Hours. |\n")
    assert slither.main() == 1
    said = capsys.readouterr().err
    assert "unexplained: timestamp at Settlement.anchor" in said
    assert "explained in vain: timestamp at Settlement.claim" in said
