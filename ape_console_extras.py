"""What `ape console --network ethereum:anvil:node` offers besides Ape: the deployed contracts by name, and helpers.

pool, oracle, engine, lens, factory, pair         contracts; tokens by symbol in small letters (usd, eth)
router, quoter, positions, range_factory,
range_pool                                        more contracts; of several pools range_pool_<asset>_<fee in pips>
bundler, vaults, vault_usd, vault_eth, markets    the Bundler, the vaults over reserves and their factory, the factory of isolated markets
isolated()                                        the isolated markets; isolated("0x...") one of them as (pool, oracle, engine)
status("0x...")                                   where an account stands
riskiest(10)                                      who is nearest to liquidation
band(eth)                                         prices of an asset, who tells them, its depth, and why new risk is blocked
feed(eth), feed(eth, 195)                         what its price feed says; on a development chain: what it is to say
reserves()                                        the pool's reserves, and how much of their caps is used
quote(1000, "usd", "eth")                         what a swap would give, by each way; over more tokens too
open_range("eth", "narrow", usd=1000)             deposit around the price: "narrow", "wide", "full", or percent (7.5)
ranges()                                          what is deposited; ranges("0x...") by somebody, ranges(None) by everybody
compound(4), move_range(4, "wide"), close_range(4)   fees back into the range; another range; everything out
book                                              the address book
plimsoll()                                        this list

Amounts are whole tokens, in any ratio: what does not fit into a range is swapped first, in the same pool. The helpers act for
Anvil's first account, which gets the test tokens it lacks; elsewhere name one: account=accounts.load("me"). They are content
with 0.5 % less than was found before sending: slippage=0.1 for less.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent
if str(_ROOT) not in sys.path:
    sys.path.append(str(_ROOT))

_NAMES = {
    "pool": "LendingPool",
    "oracle": "PriceOracle",
    "engine": "LiquidationEngine",
    "lens": "Lens",
    "factory": "PairFactory",
    "pair": "Pair",
    "range_factory": "RangePoolFactory",
    "positions": "PositionManager",
    "router": "Router",
    "quoter": "Quoter",
    "configurator": "PoolConfigurator",
    "timelock": "Timelock",
    "operators": "Operators",
    "bundler": "Bundler",
    "vaults": "ReserveVaultFactory",
    "markets": "MarketFactory",
}


def ape_init_extras(project: Any) -> dict[str, Any]:
    """Called by `ape console` once it is connected."""
    import ape
    from rich.console import Console

    from plimsoll import console_prices, console_ranges, isolated_markets, monitor, words
    from plimsoll.abi import Artifacts, artifacts
    from plimsoll.addresses import AddressBook, is_address
    from plimsoll.errors import Problem
    from plimsoll.isolated_command import markets_table
    from plimsoll.names import vault_name
    from plimsoll.reference.depth import UNLIMITED
    from plimsoll.rpc import Rpc

    console = Console(highlight=False)
    provider = ape.networks.active_provider
    url = getattr(provider, "http_uri", None) or getattr(provider, "uri", None)
    try:
        if not url:
            raise Problem("this network has no http address")
        rpc = Rpc(str(url))
        book = AddressBook.open(rpc)
        compiled: Artifacts = artifacts(say=console.print)
    except Problem as e:
        console.print(f"no deployed contracts here: {e}")
        return {}

    def at(name: str, address: str) -> Any:
        # the type is given, not looked up: what Ape remembers of an address may be of a chain that is gone
        return getattr(project, name).at(address, fetch_from_explorer=False)

    extras: dict[str, Any] = {short: at(name, book.address(name)) for short, name in _NAMES.items() if book.has(name)}
    for name in book.names:
        if name.startswith("Pair."):
            extras["pair_" + name[5:].replace(".", "_")] = at("Pair", book.address(name))
        if name.startswith("Feed."):
            extras["feed_" + name[5:]] = at("ScriptedFeed", book.address(name))
        if book.kind(name) == "RangePool":
            extras[name.replace("RangePool", "range_pool").replace(".", "_")] = at("RangePool", book.address(name))
    for token in book.tokens:
        extras[token.symbol.lower()] = at("TestToken", token.address)
        if book.has(vault_name(token.role)):
            extras["vault_" + token.symbol.lower()] = at("ReserveVault", book.address(vault_name(token.role)))
    if book.has("Router"):
        extras |= console_ranges.helpers(ape, at, rpc, book, compiled, console)
    extras |= console_prices.helpers(rpc, book, compiled, console)
    reader = monitor.Monitor(rpc, book, compiled)

    told = console_prices.in_one_line(console)

    @told
    def status(account: Any) -> None:
        """Where an account stands."""
        address = str(getattr(account, "address", account))
        if not is_address(address):
            raise Problem(f"'{address}' is no account: an address has 0x and 40 digits (a typing mistake breaks its checksum)")
        monitor.show_account(reader.account(address), console)

    @told
    def riskiest(count: int = 20) -> None:
        """Who is nearest to liquidation."""
        if not isinstance(count, int) or count < 1:
            raise Problem(f"'{count}' is no length of a table: riskiest(10)")
        usages = reader.usages(reader.borrowers())
        console.print(monitor.riskiest_table(reader.accounts([a for a, _ in usages[:count]]), len(usages), console.width))

    @told
    def reserves() -> None:
        """The pool's reserves."""
        for r in book.contract("Lens", rpc, compiled).call("reserves"):
            token = book.token_at(r.asset)
            decimals, symbol = (token.decimals, token.symbol) if token else (0, words.short(r.asset))
            console.print(
                f"{symbol:<8} cash {words.amount(r.state.cash, decimals)}, debt {words.amount(r.state.debt, decimals)}, "
                f"used {words.percent(r.utilisation_wad)}, borrowers pay {words.percent(r.state.borrow_rate_wad, 2)}, "
                f"lenders get {words.percent(r.supply_rate_wad, 2)} a year"
            )
            if r.cap_wad < UNLIMITED:
                used = f"collateral {words.money(r.counted_wad)}, debt {words.money(r.debt_wad)}"
                console.print(f"{'':<8} of {words.money(r.cap_wad)} that its pool can take: {used}")

    @told
    def isolated(market: Any = None) -> Any:
        """The isolated markets; one of them, by number or pool: (pool, oracle, engine)."""
        isolated_reader = isolated_markets.Reader(rpc, book, compiled)
        if market is None:
            found = isolated_reader.markets()
            console.print(markets_table(found, 12) if found else "there are no isolated markets yet")
            return None
        _, info = isolated_reader.choose(str(market))
        return at("LendingPool", info.pool), at("IsolatedOracle", info.oracle), at("LiquidationEngine", info.engine)

    def plimsoll() -> None:
        """What there is."""
        console.print((__doc__ or "").strip())

    extras |= {"book": book, "status": status, "riskiest": riskiest, "reserves": reserves, "plimsoll": plimsoll}
    if book.has("MarketFactory"):
        extras["isolated"] = isolated
    return extras
