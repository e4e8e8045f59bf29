"""LEND-20: docs/ERRORS.md lists every reason of our contracts: none missing, none stale, and each is provoked by a test."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# A word, a colon, and what is wrong: Uniswap's own reasons have a capital, or no colon
REASON = re.compile(
    r'"((?:pool|configurator|engine|oracle|market|vault|bundler|operators|factory|rate|lens|quoter|positions|timelock): [^"]+)"'
)
ANY_REASON = re.compile(r'(?:raise|,|_refuse\()\s*"([a-z]+): [^"]+"')
ROW = re.compile(r"^\| `([a-z]+: [^`]+)` \|", re.MULTILINE)
THIS = Path(__file__).name


def sources() -> str:
    return "\n".join(p.read_text() for p in sorted((ROOT / "contracts").rglob("*.vy")) if "testing" not in p.parts)


def test_errors_document__every_reason__is_listed_once() -> None:
    rows = ROW.findall((ROOT / "docs" / "ERRORS.md").read_text())
    reasons = set(REASON.findall(sources()))
    assert len(reasons) > 150
    assert not reasons - set(rows), f"docs/ERRORS.md lacks {sorted(reasons - set(rows))}"
    assert not set(rows) - reasons, f"docs/ERRORS.md lists what no contract says: {sorted(set(rows) - reasons)}"
    assert len(rows) == len(set(rows)), "docs/ERRORS.md lists a reason twice"


def test_errors_document__every_contract_with_reasons__is_known_here() -> None:
    words = set(ANY_REASON.findall(sources()))
    known = {reason.split(":")[0] for reason in REASON.findall(sources())}
    assert words <= known, f"reasons of {sorted(words - known)} are not looked for"


def test_errors_document__every_reason__is_provoked_by_a_test() -> None:
    tests = "\n".join(p.read_text() for p in sorted((ROOT / "tests").rglob("*.py")) if p.name != THIS)
    missing = [reason for reason in sorted(set(REASON.findall(sources()))) if reason not in tests]
    assert not missing, f"no test names {missing}"
