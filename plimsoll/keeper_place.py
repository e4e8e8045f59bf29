"""Where a keeper works: the main market, as the address book has it, or one isolated market, which is a lending pool of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_checksum_address

from plimsoll.abi import parse_function
from plimsoll.addresses import AddressBook, Token, is_address
from plimsoll.errors import KeeperError
from plimsoll.isolated_markets import DECIMALS, SYMBOL, TOKEN_GAS, decimals_of, symbol_of
from plimsoll.pokes import ENGINE, ORACLE, POOL, QUOTE, TOKEN
from plimsoll.rpc import Rpc, call_request, to_bytes

MARKET_AT = parse_function("market_at(address)", [f"(bytes32,{'address,' * 8}uint256,uint256,bool)"])


@dataclass(frozen=True)
class Place:
    pool: str
    oracle: str
    engine: str
    lens: str
    tokens: tuple[Token, ...]
    # None: the lens stands there. Else it is put there in each call, with this code: an isolated market has none
    lens_code: bytes | None = None

    @property
    def isolated(self) -> bool:
        return self.lens_code is not None

    def ask_lens(self, data: bytes | str, head: int, gas: int | None = None) -> tuple[str, list[Any]]:
        method, params = call_request(self.lens, data, None, head, gas)
        if self.lens_code is not None:
            params = [*params, {self.lens: {"code": "0x" + self.lens_code.hex()}}]
        return method, params


def main_market(book: AddressBook) -> Place:
    pool, oracle, engine, lens = (book.address(n) for n in ("LendingPool", "PriceOracle", "LiquidationEngine", "Lens"))
    return Place(pool, oracle, engine, lens, tuple(book.tokens))


def isolated_market(rpc: Rpc, book: AddressBook, text: str) -> Place:
    """By the address of its pool."""
    if not is_address(text):
        raise KeeperError(f"--market {text}: this is no address of an isolated market's pool (`ape run isolated list` shows them)")
    if not book.has("MarketFactory"):
        raise KeeperError(f"{book.shown} has no MarketFactory: what it lists was deployed without isolated markets")
    pool = str(to_checksum_address(text))
    found = MARKET_AT.decode(rpc.eth_call(book.address("MarketFactory"), MARKET_AT.encode(pool)))
    if not int(found[POOL], 16):
        raise KeeperError(f"--market {pool}: this is the pool of no isolated market here (`ape run isolated list` shows them)")
    assets = [str(to_checksum_address(found[i])) for i in (TOKEN, QUOTE)]
    return Place(
        pool,
        str(to_checksum_address(found[ORACLE])),
        str(to_checksum_address(found[ENGINE])),
        book.address("Lens"),
        _tokens(rpc, book, assets),
        _lens_code(rpc, book, pool),
    )


def _tokens(rpc: Rpc, book: AddressBook, assets: Sequence[str]) -> tuple[Token, ...]:
    """What nobody has vetted may say anything of itself, with little gas."""
    answers = rpc.batch([call_request(a, f.selector, None, "latest", TOKEN_GAS) for a in assets for f in (SYMBOL, DECIMALS)], errors=True)
    found = []
    for i, asset in enumerate(assets):
        symbol, decimals = answers[2 * i : 2 * i + 2]
        found.append(book.token_at(asset) or Token(asset, asset, symbol_of(symbol, asset), decimals_of(decimals) or 0))
    return tuple(found)


def _lens_code(rpc: Rpc, book: AddressBook, pool: str) -> bytes:
    """The code of the main market's lens, whose one immutable, its pool, stands at the end."""
    code = rpc.code(book.address("Lens"))
    ending = bytes(12) + to_bytes(book.address("LendingPool"))
    if not code.endswith(ending):
        raise KeeperError(
            f"the lens {book.address('Lens')} does not end with its pool: it is of another version, and cannot serve an isolated market"
        )
    return code[:-32] + bytes(12) + to_bytes(pool)
