"""Gas and runtime size of our contracts beside the peers' published ones: `make gas`.

Each market runs on an Anvil of its own, at Anvil's default hardfork: the same tokens at the same addresses, the same
amounts at the same seconds, 12 s between blocks, one plain transaction per operation, allowances given before. What counts
is `gasUsed` of the receipt; the oracle's and the lens's rows are what a contract pays that calls them. Steady, unless the
row says "first": the same account has done the same before.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from bench import figures
from bench.artifacts import AAVE, V2_CORE, V2_PERIPHERY, V3_CORE, V3_PERIPHERY, ours, package_version
from bench.figures import CONTRACTS, Figures, Row
from bench.world import BenchError, World
from plimsoll.abi import BuildError
from plimsoll.chain import ChainError
from plimsoll.rpc import RpcError

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "out/gas.json"
MAX_CODE = 24_576


def measure(console: Console) -> tuple[list[Row], Figures, dict[str, Figures]]:
    """(rows, ours, peers by name)"""
    with console.status("compiling"):
        ours()
    measured = {}
    for name, measure_peer in {
        figures.V2: figures.measure_uniswap,
        figures.V3: figures.measure_uniswap_v3,
        figures.AAVE: figures.measure_aave,
    }.items():
        with console.status(f"measuring {name}"):
            measured[name] = measure_peer()
    rows, parts = [], []
    with console.status("measuring ours"):
        for section, peer_name, measure_part in figures.PARTS:
            part = measure_part()
            parts.append(part)
            peer = measured[peer_name].gas if peer_name in measured else part.peer
            # in the order of the targets, then what has none
            names = [n for n in figures.TARGETS if n in part.gas] + [n for n in part.gas if n not in figures.TARGETS]
            rows += [Row(section, n, part.gas[n], peer.get(n), peer_name, figures.TARGETS.get(n)) for n in names]
    return rows, figures.together(parts), measured


def versions() -> dict[str, str]:
    import vyper

    with World(accounts=10) as world:
        client: str = world.rpc.call("web3_clientVersion")
    packages = {name: package_version(name) for name in (V2_CORE, V2_PERIPHERY, V3_CORE, V3_PERIPHERY, AAVE)}
    return {"anvil": client, "vyper": vyper.__version__, **packages}


# ---------------------------------------------------------------------- output


def _table(title: str, first: str, *headings: str) -> Table:
    """Numbers to the right, and narrow enough for 80 columns."""
    style: dict[str, Any] = {"box": None, "pad_edge": False, "padding": (0, 1, 0, 0), "header_style": "bold"}
    table = Table(title=title, title_justify="left", title_style="bold", **style)
    table.add_column(first)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def show(console: Console, rows: list[Row]) -> None:
    table = _table("Gas per operation (steady, unless it says first)", "", "ours", "peer", "ratio", "target", "")
    section = ""
    for row in rows:
        if row.section != section:
            section = row.section
            table.add_row()
            table.add_row(f"[bold]{section}" + (f", {row.peer_name}" if row.peer_name else ""))
        over = row.ours - row.limit if row.limit is not None else 0
        verdict = {None: "", True: "[green]met[/green]", False: f"[red]{over:+,}[/red]"}[row.met]
        table.add_row(
            row.name,
            f"{row.ours:,}",
            "" if row.peer is None else f"{row.peer:,}",
            "" if row.ratio is None else f"{row.ratio:.3f}",
            "" if row.target is None else str(row.target),
            verdict,
        )
    console.print(table)


def show_sizes(console: Console, sizes: dict[str, int]) -> None:
    table = _table("\nRuntime size", "", "bytes", f"of {MAX_CODE:,}")
    for name, size in sizes.items():
        table.add_row(name, f"{size:,}", f"{size / MAX_CODE:.0%}")
    console.print(table)


def write(path: Path, content: dict[str, Any]) -> None:
    """All of it or nothing."""
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(content, indent=2) + "\n")
    os.replace(draft, path)


# ---------------------------------------------------------------------- command


def update() -> None:
    now = figures.together(list(figures.measure_ours()))
    try:
        kept = figures.load_snapshot()
    except FileNotFoundError:
        kept = Figures({}, {})
    figures.save_snapshot(now)
    for unit, old, new in (("gas", kept.gas, now.gas), ("bytes", kept.sizes, now.sizes)):
        for name in [*old, *(n for n in new if n not in old)]:
            if old.get(name) != new.get(name):
                was, is_now = (f"{v:,}" if v is not None else "none" for v in (old.get(name), new.get(name)))
                click.echo(f"{name}: {was} -> {is_now} {unit}")
    click.echo(f"wrote {figures.SNAPSHOT.relative_to(ROOT)}")


def bench(as_json: bool) -> None:
    began = time.monotonic()
    console = Console(stderr=as_json)
    rows, mine, peers = measure(console)
    content = {
        "rows": [row.as_json() for row in rows],
        "runtime_sizes": {"ours": mine.sizes, **{name: peer.sizes for name, peer in peers.items()}},
        "versions": versions(),
    }
    write(OUT, content)
    if as_json:
        click.echo(json.dumps(content, indent=2))
        return
    show(console, rows)
    show_sizes(console, {name: mine.sizes[name] for name in CONTRACTS})
    missed = sum(row.met is False for row in rows)
    have = sum(row.met is not None for row in rows)
    console.print(f"\n{have - missed} of {have} targets met, in {time.monotonic() - began:.0f} s: {OUT.relative_to(ROOT)}")
    if not figures.SNAPSHOT.exists():
        console.print(f"bench/snapshot.json is missing: {figures.UPDATE}")
        return
    kept = figures.load_snapshot()
    for complaint in [
        *figures.complaints(kept.gas, mine.gas, "gas"),
        *figures.complaints(kept.sizes, mine.sizes, "bytes"),
    ]:
        console.print(f"[yellow]snapshot:[/yellow] {complaint}", highlight=False)


@click.command(epilog="Example: python -m bench.gas --json | jq '.rows[] | select(.met == false)'")
@click.option("--update", "do_update", is_flag=True, help="Measure ours only and rewrite bench/snapshot.json.")
@click.option("--json", "as_json", is_flag=True, help="Print what goes to out/gas.json, instead of the table.")
def main(do_update: bool, as_json: bool) -> None:
    """Measure gas and runtime size beside Uniswap V2 and V3 and Aave v3.0; write out/gas.json.

    A target that is missed is shown and is no failure; that a measurement fails is (exit code 1).
    """
    try:
        update() if do_update else bench(as_json)
    except (BenchError, BuildError, ChainError, RpcError) as e:
        click.echo(f"gas: {e}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
