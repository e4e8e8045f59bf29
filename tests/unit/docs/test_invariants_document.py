"""docs/INVARIANTS.md and the tests name the same properties: none without a test, none undocumented."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ID = re.compile(r"\b(?:AMM|OBS|RNG|POS|QUO|RTR|ORA|LEND|LIQ|ISO|TOOL)-\d\d\b")


def documented_ids() -> set[str]:
    rows = (ROOT / "docs" / "INVARIANTS.md").read_text().splitlines()
    return {match[0] for row in rows if row.startswith("|") and (match := ID.search(row.split("|")[1]))}


def named_by_tests() -> set[str]:
    return {name for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__) for name in ID.findall(path.read_text())}


def test_invariants_document__every_property__has_a_test() -> None:
    missing = documented_ids() - named_by_tests()
    assert documented_ids()
    assert not missing, f"docs/INVARIANTS.md names properties that no test checks: {sorted(missing)}"


def test_invariants_document__every_tested_property__is_documented() -> None:
    missing = named_by_tests() - documented_ids()
    assert not missing, f"tests check properties that docs/INVARIANTS.md does not name: {sorted(missing)}"
