"""A new asset through the timelock: one operation that tells the oracle what prices it, lists it, sets its terms and opens it.

The order is that of a deployment (plimsoll.deployment): a second source and a feed before the first source, which opens the asset in the
oracle (a feed in the quote after it); the oracle before the configurator, which asks it for a feed above an LTV of 65 %; the depth mode
before the seed, after which FULL cannot be had. The seed comes from whoever proposes: he lets the timelock take it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from plimsoll import feeds, presets
from plimsoll.abi import Artifacts, Contract
from plimsoll.addresses import AddressBook, Token
from plimsoll.errors import Problem
from plimsoll.governance.changes import cap_text, percent
from plimsoll.presets import DEPTH_MODES, PAIR, WAD, Asset, PresetError
from plimsoll.rpc import Rpc, RpcDead, RpcError, to_bytes
from plimsoll.sections import read_yaml, shown
from plimsoll.wiring import ZERO, caps_of, quote_price
from plimsoll.words import amount, duration, money


@dataclass(frozen=True)
class Step:
    """One transaction, or one call of the operation. `text`: what it is for."""

    sender: str
    # None: it deploys
    to: str | None
    data: bytes
    text: str


@dataclass(frozen=True)
class Pool:
    """What prices an asset, and against what."""

    address: str
    quote: Token
    min_depth: int


@dataclass(frozen=True)
class Wanted:
    """A listing, with every address that it needs."""

    asset: Asset
    token: Token
    first: Pool | None
    second: Pool | None
    # address, decimals
    feed: tuple[str, int] | None
    model: str
    stakers: str

    @property
    def seed(self) -> int:
        """Raw units."""
        return self.asset.seed_wad * self.token.unit // WAD


def read_asset(path: Path, role: str) -> Asset:
    """From a YAML file: the settings of one asset as a preset has them, or a preset with that role."""
    if not path.is_file():
        raise Problem(f"there is no file {shown(path)}")
    return presets.parse_asset(read_yaml(path, PresetError), role, shown(path))


def read_token(rpc: Rpc, artifacts: Artifacts, role: str, address: str, name: str = "--token ") -> Token:
    """What stands at an address, as far as a listing needs it. `name`: what the address is for."""
    if not rpc.code(address):
        raise Problem(f"{name}{address}: there is no contract at this address on chain {rpc.chain_id}")
    token = artifacts.at("TestToken", address, rpc)
    try:
        decimals = int(token.call("decimals"))
    except RpcDead:
        raise
    except (RpcError, ValueError):
        raise Problem(f"{name}{address}: this is no ERC-20 token with decimals()") from None
    if not 6 <= decimals <= 18:
        raise Problem(f"{name}{address}: it has {decimals} decimals, the pool takes 6 to 18")
    try:
        symbol = str(token.call("symbol"))
    except RpcDead:
        raise
    except Exception:  # some old tokens answer with bytes32, some with nothing
        symbol = role.upper()
    return Token(role, address, symbol, decimals)


def find_pools(
    rpc: Rpc, book: AddressBook, artifacts: Artifacts, asset: Asset, token: Token, given: str | None
) -> tuple[Pool | None, Pool | None]:
    """The first and the second source: the pools of our factories, the first one's unless an address is `given`."""

    def quote_of(role: str) -> Token:
        if role not in book.data["tokens"]:
            known = ", ".join(book.data["tokens"])
            raise Problem(f"the asset '{asset.role}' is to trade against '{role}', which is not listed (there are: {known})")
        return book.token(role)

    def pair(quote: Token) -> str:
        found: str = book.contract("PairFactory", rpc, artifacts).call("getPair", token.address, quote.address)
        if found == ZERO:
            where = f"create it in the factory {book.address('PairFactory')}, fill it, and wait"
            raise Problem(f"there is no pair of {token.symbol} and {quote.symbol}: {where}")
        return found

    if asset.quote is None:
        if given is not None:
            raise Problem(f"--pool makes no sense: no pool prices '{asset.role}', which is a quote asset")
        return None, None
    quote = quote_of(asset.quote)
    first = Pool(given or pair(quote), quote, asset.minimum_depth_wad)
    if asset.second_source is None:
        return first, None
    second, against = asset.second_source, quote_of(asset.second_source.quote)
    if second.kind == PAIR:
        address = pair(against)
    else:
        if not book.has("RangePoolFactory"):
            raise Problem("this deployment has no range pools: the second source of the file cannot be one")
        factory = book.contract("RangePoolFactory", rpc, artifacts)
        address = factory.call("getPool", token.address, against.address, second.fee_pips)
        if address == ZERO:
            fee = f"{second.fee_pips / 10_000:g} %"
            raise Problem(f"there is no range pool of {token.symbol} and {against.symbol} with a fee of {fee}: create it, fill it, and wait")
    return first, Pool(address, against, second.minimum_depth_wad)


def find_feed(rpc: Rpc, asset: Asset, given: str | None) -> tuple[str, int] | None:
    if asset.feed is None:
        if given is not None:
            raise Problem(f"--feed makes no sense: the file names no feed of '{asset.role}', so nothing says what is to be believed of it")
        return None
    address = given or asset.feed.addresses.get(rpc.chain_id)
    if address is None:
        raise Problem(f"the file knows no feed of '{asset.role}' on chain {rpc.chain_id}: name it with --feed 0x...")
    told = feeds.ask(rpc, address)
    problem = feeds.problem(asset.feed, told, rpc.timestamp())
    if problem:
        raise Problem(f"the feed of '{asset.role}', {address}, {problem}")
    return address, told.decimals


def created(sender: str, nonce: int) -> str:
    """Address of the contract that an account deploys with that nonce, one byte of it or two."""
    number = b"\x80" if nonce == 0 else nonce.to_bytes((nonce.bit_length() + 7) // 8, "big")
    if nonce > 0x7F:
        number = bytes([0x80 + len(number)]) + number
    body = b"\x94" + to_bytes(sender) + number
    return str(to_checksum_address(keccak(bytes([0xC0 + len(body)]) + body)[12:]))


# ---------------------------------------------------------------------- the operation


def batch(book: AddressBook, rpc: Rpc, artifacts: Artifacts, wanted: Wanted, payer: str) -> list[Step]:
    """The calls of the operation, in their order. All are the timelock's."""
    timelock = book.address("Timelock")
    oracle, configurator, pool = (book.contract(n, rpc, artifacts) for n in ("PriceOracle", "PoolConfigurator", "LendingPool"))
    symbol, address = wanted.token.symbol, wanted.token.address
    found: list[Step] = []

    def step(contract: Contract, function: str, *args: Any, text: str) -> None:
        found.append(Step(timelock, contract.address, contract.data(function, *args), text))

    _prices(step, oracle, wanted)
    asset, token = wanted.asset, artifacts.at("TestToken", address, rpc)
    terms = (asset.ltv_bps, asset.bonus_bps, asset.reserve_factor_bps)
    step(configurator, "list_reserve", address, wanted.model, *terms, text=f"list {symbol}")
    mode = DEPTH_MODES[asset.depth_mode]
    if mode != DEPTH_MODES["new_risk"]:
        step(configurator, "set_depth_mode", address, mode, text="its depth mode")
    if asset.origination_fee_bps:
        step(configurator, "set_origination_fee", address, asset.origination_fee_bps, wanted.stakers, text="its origination fee")
    caps = caps_of(asset, wanted.token)
    if any(caps):
        step(configurator, "set_caps", address, *caps, text="its caps")
    step(token, "transferFrom", payer, timelock, wanted.seed, text="take the seed")
    step(token, "approve", pool.address, wanted.seed, text="hand it to the pool")
    step(pool, "seed", address, wanted.seed, text="open the reserve with it, for good")
    return found


def _prices(step: Any, oracle: Contract, wanted: Wanted) -> None:
    asset, address, symbol = wanted.asset, wanted.token.address, wanted.token.symbol
    if asset.fixed_price_wad is not None:
        step(oracle, "set_quote", address, quote_price(asset, wanted.token), text=f"a fixed price for {symbol}")
        return
    bounds: tuple[Any, ...] = ()
    if asset.feed is not None and wanted.feed is not None:
        bounds = (asset.feed.heartbeat_seconds, *feeds.bounds(asset.feed, wanted.feed[1]))
    if wanted.first is None:
        assert wanted.feed is not None
        step(oracle, "set_quote_feed", address, wanted.feed[0], *bounds, text=f"the feed that prices {symbol}")
        return

    def feed() -> None:
        assert asset.feed is not None
        assert wanted.feed is not None
        step(oracle, "set_feed", address, wanted.feed[0], asset.feed.in_quote, *bounds, text=f"the feed of {symbol}")

    def source(function: str, pool: Pool, text: str) -> None:
        step(oracle, function, address, pool.address, pool.quote.address, pool.min_depth, text=text)

    if wanted.second is not None:
        source("set_second_source", wanted.second, f"the second source of {symbol}")
    if asset.feed is not None and not asset.feed.in_quote:
        feed()
    source("set_source", wanted.first, f"the first source of {symbol}")
    if asset.feed is not None and asset.feed.in_quote:
        feed()


def approval(rpc: Rpc, artifacts: Artifacts, wanted: Wanted, payer: str, timelock: str) -> list[Step]:
    """So that the timelock can take the seed; nothing where it can already."""
    token = artifacts.at("TestToken", wanted.token.address, rpc)
    balance = int(token.call("balanceOf", payer))
    if balance < wanted.seed:
        raise Problem(f"{payer} holds {balance} raw units of {wanted.token.symbol}, {wanted.seed} are needed to seed the reserve")
    allowed = int(token.call("allowance", payer, timelock))
    if allowed >= wanted.seed:
        return []
    # some tokens let an allowance be changed from nothing alone
    amounts = [wanted.seed] if allowed == 0 else [0, wanted.seed]
    return [Step(payer, token.address, token.data("approve", timelock, a), "let the timelock take the seed") for a in amounts]


def model_code(artifacts: Artifacts, rates: presets.Rates) -> bytes:
    return artifacts["JumpRateModel"].deployment(rates.base_wad, rates.multiplier_wad, rates.jump_wad, rates.kink_wad)


def rows(wanted: Wanted) -> list[tuple[str, str]]:
    """What is listed, in words."""
    asset, token = wanted.asset, wanted.token
    found = [("token", f"{token.address}, {token.decimals} decimals")]
    for name, pool in (("first source", wanted.first), ("second source", wanted.second)):
        if pool is not None:
            found.append((name, f"{pool.address} against {pool.quote.symbol}, at least {money(pool.min_depth, 0)} deep"))
    if asset.fixed_price_wad is not None:
        found.append(("price", f"{money(asset.fixed_price_wad)}, fixed for good"))
    if asset.feed is not None and wanted.feed is not None:
        found.append(("feed", f"{wanted.feed[0]}, an answer each {duration(asset.feed.heartbeat_seconds)}"))
    caps: Sequence[str] = [cap_text(raw, token) for raw in caps_of(asset, token)]
    return [
        *found,
        ("LTV, bonus", f"{percent(asset.ltv_bps)}, {percent(asset.bonus_bps)}"),
        ("reserve factor", percent(asset.reserve_factor_bps)),
        ("rate model", wanted.model),
        ("origination fee", percent(asset.origination_fee_bps) + (f", half of it to {wanted.stakers}" if wanted.stakers != ZERO else "")),
        ("caps of supply and debt", ", ".join(caps)),
        ("depth mode", asset.depth_mode),
        ("seed", f"{amount(wanted.seed, token.decimals)} {token.symbol}, for good"),
    ]
