"""LEND-19: docs/ROUNDING.md lists every division of lending and liquidation, and of the modules that they use: none missing, none stale."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from vyper.ast import nodes as vy
from vyper.ast import parse_to_ast

ROOT = Path(__file__).resolve().parents[3]
CONTRACTS = ROOT / "contracts"
IMPORT = re.compile(r"^from contracts\.modules import (\w+)", re.MULTILINE)
Site = tuple[str, str, str]  # file, function, expression


def sources() -> list[Path]:
    """The deployable contracts of lending and liquidation and, transitively, the modules that they import."""
    found = sorted((CONTRACTS / "lending").glob("*.vy")) + sorted((CONTRACTS / "liquidation").glob("*.vy"))
    for path in found:
        for name in IMPORT.findall(path.read_text()):
            module = CONTRACTS / "modules" / f"{name}.vy"
            if module not in found:
                found.append(module)
    return found


def is_division(node: vy.VyperNode) -> bool:
    """`//`, `unsafe_div`, a root, and a shift to the right by what is no field's place: fields are masked, or shifted by a number."""
    if isinstance(node, vy.Call):
        return isinstance(node.func, vy.Name) and node.func.id in ("unsafe_div", "isqrt", "uint256_mulmod", "sqrt")
    if not isinstance(node, vy.BinOp):
        return False
    if isinstance(node.op, vy.FloorDiv):
        return True
    if not isinstance(node.op, vy.RShift) or isinstance(node.right, vy.Int):
        return False
    name = node.right.attr if isinstance(node.right, vy.Attribute) else getattr(node.right, "id", "")
    parent = node.get_ancestor()
    is_masked = isinstance(parent, vy.BinOp) and isinstance(parent.op, vy.BitAnd)
    return not name.endswith("_AT") and not is_masked


def divisions() -> Counter[Site]:
    found: Counter[Site] = Counter()
    for path in sources():
        for function in parse_to_ast(path.read_text()).get_children(vy.FunctionDef):
            for node in function.get_descendants((vy.BinOp, vy.Call)):
                if is_division(node):
                    found[path.name, function.name, squeezed(node.node_source_code)] += 1
    return found


def squeezed(code: str) -> str:
    """Without spaces and comments: the formatter's line breaks are no change."""
    return re.sub(r"\s+|#.*", "", code)


def documented() -> list[Site]:
    """Rows `| function | expression | direction | for whom | bound |` below a heading with the file's name."""
    found: list[Site] = []
    file = ""
    for line in (ROOT / "docs" / "ROUNDING.md").read_text().splitlines():
        if line.startswith("## "):
            file = line[3:].strip().strip("`")
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 5 and cells[0].startswith("`"):
            assert all(cells[2:]), f"direction, beneficiary and bound are to be told: {line}"
            found.append((file, cells[0].strip("`"), squeezed(cells[1].strip("`"))))
    return found


def compared() -> tuple[list[Site], list[Site]]:
    """(divisions without a row, rows without a division). Rows that leave out least choose first."""
    sites, stale = list(divisions().elements()), []
    for row in sorted(documented(), key=lambda site: (site[2].count("..."), -len(site[2]))):
        file, function, expression = row
        pattern = ".*".join(map(re.escape, expression.split("...")))
        site = next((s for s in sites if s[:2] == (file, function) and re.fullmatch(pattern, s[2])), None)
        if site is None:
            stale.append(row)
        else:
            sites.remove(site)
    return sites, stale


def test_rounding_document__every_division__is_listed() -> None:
    missing, _ = compared()
    assert divisions()
    assert not missing, "docs/ROUNDING.md does not list:\n" + "\n".join(map(str, missing))


def test_rounding_document__everything_listed__is_there() -> None:
    _, stale = compared()
    assert not stale, "docs/ROUNDING.md lists what is no longer there:\n" + "\n".join(map(str, stale))
