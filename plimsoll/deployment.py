"""Deployment: every step recorded as it lands, so that it goes on where it was killed, and a second run changes nothing.

Before a transaction is sent, its signed bytes are in the address book ("pending"). After a kill at any point the next run
asks the chain for that transaction, sends the same bytes again if the chain never saw them, and only signs a new one when
the nonce has gone to something else: no step can happen twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from plimsoll import feeds, ranges
from plimsoll.abi import Artifacts, Contract
from plimsoll.addresses import AddressBook, BookError
from plimsoll.errors import Problem
from plimsoll.feeds import FeedError
from plimsoll.names import feed_name, model_name, pair_name, pool_name, second_source_name, token_name, vault_name
from plimsoll.presets import DEPTH_MODES, PAIR, WAD, Asset, Preset, RangePools, TestRangePool, feed_test_price
from plimsoll.rpc import (
    DEV_CHAIN_ID,
    Reverted,
    Rpc,
    RpcDead,
    RpcError,
    Wallet,
    ensure_success,
    send_raw,
    to_hex,
    to_int,
)
from plimsoll.wiring import MARKET_BLUEPRINTS, caps_of, isolated_quote, quote_price, timelock_role, verify

# A deadline for what may be sent today or, after an interruption, some other day
FAR_FUTURE = 2**40
# Between what the owner of a development chain's market decides and what acts
DEV_DELAY_SECONDS = 60
ZERO = "0x" + "00" * 20
NO_SALT = b"\x00" * 32
# A source has a price for new risk once the slow window lies behind it: ten whole buckets of 180 s, twenty beside a feed
HISTORY_SECONDS = 11 * 180
HISTORY_SECONDS_WITH_FEED = 21 * 180


class DeployError(Problem):
    """The step, and what is wrong."""


@dataclass(frozen=True)
class Options:
    """What a preset leaves open.

    tokens     role -> address of an existing token. On a development chain the others are test tokens.
    treasury   earns fees and reserve shares; the deployer if None
    market     give the pairs and range pools of test tokens their first liquidity
    wrapped_native   the token that wraps the chain's coin, instead of the preset's. A development chain gets one of its own.
    feeds      role -> address of its price feed, instead of the preset's. A development chain gets feeds of its own.
    price_wad, liquidity_wad   of that, instead of the preset's (units of account)
    owner, steward, guardian   instead of the preset's
    delay_seconds   of the timelock, instead of the preset's, or of a development chain's 60
    extras     with the Bundler, a vault over each reserve, and the factory of isolated markets; the demo goes without
    """

    tokens: dict[str, str] = field(default_factory=dict)
    treasury: str | None = None
    market: bool = True
    wrapped_native: str | None = None
    feeds: dict[str, str] = field(default_factory=dict)
    price_wad: int | None = None
    liquidity_wad: int | None = None
    owner: str | None = None
    steward: str | None = None
    guardian: str | None = None
    delay_seconds: int | None = None
    extras: bool = True


@dataclass(frozen=True)
class Governance:
    """Who decides. `owner` proposes to the timelock, which owns all the rest."""

    owner: str
    steward: str
    guardian: str
    delay_seconds: int


def governance(preset: Preset, options: Options, chain_id: int, deployer: str) -> Governance:
    """As asked for, else as the preset names them on this chain; nobody named: the deployer is the owner, the owner the other two."""
    roles = preset.roles
    owner = to_checksum_address(options.owner or roles.owner.get(chain_id) or deployer)
    steward = to_checksum_address(options.steward or roles.steward.get(chain_id) or owner)
    guardian = to_checksum_address(options.guardian or roles.guardian.get(chain_id) or owner)
    delay = options.delay_seconds
    if delay is None:
        delay = DEV_DELAY_SECONDS if chain_id == DEV_CHAIN_ID else roles.delay_seconds
    return Governance(owner, steward, guardian, delay)


@dataclass(frozen=True)
class Report:
    book: AddressBook
    done: list[str]
    kept: int
    seconds: float

    @property
    def changed(self) -> bool:
        return bool(self.done)


def deploy(
    rpc: Rpc,
    wallet: Wallet,
    preset: Preset,
    artifacts: Artifacts,
    *,
    options: Options | None = None,
    where: Path | None = None,
    say: Callable[[str], None] = lambda text: None,
    mine: Callable[[], object] | None = None,
    hook: Callable[[str, str], None] = lambda step, phase: None,
) -> Report:
    """Deploy `preset` to the endpoint's chain, or finish what a former run began.

    mine   called after each transaction, for a chain that does not mine by itself
    hook   called as (step, "signed" | "sent" | "mined" | "recorded"); tests end the program there
    """
    return _Deployment(rpc, wallet, preset, artifacts, options or Options(), where, say, mine, hook).run()


def _amounts_worth(worth: int, sqrt_price_x96: int, lower: int, upper: int, in_token0: bool) -> tuple[int, int]:
    """Raw amounts of both tokens that fill a range and together are worth so much of one of them."""
    liquidity = 2**128
    amounts = ranges.amounts(liquidity, sqrt_price_x96, lower, upper)
    value = ranges.value(*amounts, sqrt_price_x96)
    if in_token0:
        value /= Fraction(sqrt_price_x96**2, 2**192)
    return ranges.amounts(int(liquidity * worth / value), sqrt_price_x96, lower, upper, rounded_up=True)


# ---------------------------------------------------------------------- steps


class _Deployment:
    def __init__(
        self,
        rpc: Rpc,
        wallet: Wallet,
        preset: Preset,
        artifacts: Artifacts,
        options: Options,
        where: Path | None,
        say: Callable[[str], None],
        mine: Callable[[], object] | None,
        hook: Callable[[str, str], None],
    ):
        self.rpc = rpc
        self.wallet = wallet
        self.preset = preset
        self.artifacts = artifacts
        self.options = options
        self.treasury = to_checksum_address(options.treasury or wallet.address)
        self.governance = governance(preset, options, rpc.chain_id, wallet.address)
        self.stakers = {a.role: a.stakers.get(rpc.chain_id, ZERO) for a in preset.assets}
        # None: one of our own is deployed
        self.wrapped_native: str | None = None
        if preset.range_pools is not None:
            given = options.wrapped_native or preset.range_pools.wrapped_native.get(rpc.chain_id)
            self.wrapped_native = to_checksum_address(given) if given else None
        # None: a test feed is deployed
        self.feeds: dict[str, str | None] = {a.role: self._feed_given(a) for a in preset.fed}
        self.where = where
        self.say = say
        self.mine = mine
        self.hook = hook
        self.done: list[str] = []
        # steps of this run, done or kept: some are asked for by several
        self._seen: set[str] = set()
        self.kept = 0
        self.book: AddressBook

    def _feed_given(self, asset: Asset) -> str | None:
        assert asset.feed is not None
        given = self.options.feeds.get(asset.role) or asset.feed.addresses.get(self.rpc.chain_id)
        return to_checksum_address(given) if given else None

    def run(self) -> Report:
        started = time.monotonic()
        self.book = self._open_book()
        with self.book.locked():
            wanted = self._wanted()
            if "wanted" in self.book.data:
                if self.book.has("LendingPool") and not self.book.has("PoolConfigurator"):
                    old = "is of a version whose pool has no configurator"
                    raise DeployError(f"{self.book.shown} {old}: move the file away to deploy anew")
                if "extras" not in self.book.data["wanted"]:
                    old = "is of a version that deployed no Bundler, no vaults and no isolated markets; all else can be used as before"
                    raise DeployError(f"{self.book.shown} {old}: to have them, move the file away to deploy anew")
                self._same_plan(self.book.data["wanted"], wanted)
            self._check_before()
            self.book.data["wanted"] = wanted
            self.book.data["preset"] = self.preset.name
            self.book.data.setdefault("deployer", self.wallet.address)
            self._steps()
            if not self.book.data["complete"]:
                # once it is, governance may change what is compared here: see `ape run check`
                problems = verify(self.rpc, self.book, self.artifacts, self.preset)
                if problems:
                    raise DeployError(f"the wiring is wrong: {'; '.join(problems)}")
                self.book.data["complete"] = True
                self.book.save()
        return Report(self.book, self.done, self.kept, time.monotonic() - started)

    def _open_book(self) -> AddressBook:
        path = AddressBook.path_for(self.rpc.chain_id, self.where)
        if not path.exists():
            return AddressBook.new(self.rpc, self.where)
        book = AddressBook.read(path)
        problem = book.belongs_to(self.rpc)
        if problem is None:
            book.check(self.rpc)
            return book
        if self.rpc.chain_id == DEV_CHAIN_ID == book.chain_id:
            self.say(f"{book.shown} is of a development chain that is gone: beginning a new one")
            return AddressBook.new(self.rpc, self.where)
        raise BookError(problem)

    def _wanted(self) -> dict[str, Any]:
        """All that decides what is deployed, as plain data: a second run must want the same."""
        preset = {k: v for k, v in self.preset.as_dict().items() if k not in ("name", "description")}
        if preset["range_pools"] is not None:
            del preset["range_pools"]["wrapped_native"]  # of all chains; this one's stands below
        for asset in preset["assets"]:
            if asset["feed"] is not None:
                del asset["feed"]["addresses"]  # likewise
            del asset["stakers"]  # likewise
        del preset["roles"]  # likewise
        wanted: dict[str, Any] = _plain(
            {
                "preset": preset,
                "tokens": {r: to_checksum_address(a) for r, a in self.options.tokens.items()},
                "treasury": self.treasury,
                "market": self.options.market,
                "wrapped_native": self.wrapped_native,
                "feeds": self.feeds,
                "governance": asdict(self.governance),
                "stakers": {role: address for role, address in self.stakers.items() if address != ZERO},
                "price_wad": self.options.price_wad,
                "liquidity_wad": self.options.liquidity_wad,
                "extras": self.options.extras,
            }
        )
        return wanted

    def _same_plan(self, before: dict[str, Any], now: dict[str, Any]) -> None:
        difference = _first_difference(before, now)
        if difference:
            path, old, new = difference
            first, again = self.book.data.get("preset"), self.preset.name
            presets = f"the preset '{first}', now it is '{again}'; with " if first not in (None, again) else ""
            raise DeployError(
                f"{self.book.shown} was deployed with {presets}{path} = {_brief(old)}, now it is {_brief(new)}: "
                "deploy with the same settings, or move the file away to deploy anew"
            )

    def _check_before(self) -> None:
        """All that can be known to fail, before the first transaction."""
        roles = [a.role for a in self.preset.assets]
        for role in self.options.tokens:
            if role not in roles:
                raise DeployError(f"the preset '{self.preset.name}' has no asset '{role}' (it has: {', '.join(roles)})")
        for asset in self.preset.assets:
            if asset.role in self.options.tokens:
                self._check_token(asset)
            elif self.rpc.chain_id != DEV_CHAIN_ID:
                raise DeployError(f"chain {self.rpc.chain_id} is no development chain: name its token with --token {asset.role}=0x...")
            elif asset.test_token is None:
                raise DeployError(f"the preset names no test token for '{asset.role}': give one with --token {asset.role}=0x...")
        if self.preset.range_pools is not None:
            self._check_wrapped_native()
        for role in self.options.feeds:
            if role not in self.feeds:
                raise DeployError(
                    f"--feed {role}=...: the preset '{self.preset.name}' has no feed there (it has: {', '.join(self.feeds) or 'none'})"
                )
        if self.book.data["complete"]:
            return
        for asset in self.preset.fed:
            self._check_feed(asset)
        if "deployer" in self.book.data and self.book.data["deployer"] != self.wallet.address:
            raise DeployError(f"{self.book.shown} was begun by {self.book.data['deployer']}, this account is {self.wallet.address}")
        if self.rpc.balance(self.wallet.address) == 0:
            raise DeployError(f"{self.wallet.address} has nothing to pay gas with on chain {self.rpc.chain_id}")

    def _check_wrapped_native(self) -> None:
        address = self.wrapped_native
        if address is None:
            if self.rpc.chain_id != DEV_CHAIN_ID:
                raise DeployError(f"the preset knows no wrapped coin of chain {self.rpc.chain_id}: name it with --wrapped-native 0x...")
            return
        token = self.artifacts.at("WrappedNative", address, self.rpc)
        try:
            decimals = token.call("decimals")
        except (RpcError, ValueError) as e:
            if isinstance(e, RpcDead):
                raise
            decimals = None
        if decimals != 18:
            raise DeployError(f"{address} is no token with 18 decimals on chain {self.rpc.chain_id}: it cannot be the wrapped coin")

    def _check_feed(self, asset: Asset) -> None:
        assert asset.feed is not None
        address = self.feeds[asset.role]
        if address is None:
            if self.rpc.chain_id != DEV_CHAIN_ID:
                raise DeployError(
                    f"the preset knows no feed of '{asset.role}' on chain {self.rpc.chain_id}: name it with --feed {asset.role}=0x..."
                )
            if self._test_answer(asset) is None:
                raise DeployError(f"the preset does not say what the test feed of '{asset.role}' is to tell: give it a test_price")
            return
        try:
            told = feeds.ask(self.rpc, address)
        except FeedError as e:
            raise DeployError(f"the feed of '{asset.role}': {e}") from None
        problem = feeds.problem(asset.feed, told, self.rpc.timestamp())
        if problem:
            raise DeployError(f"the feed of '{asset.role}', {address}, {problem}")

    def _test_answer(self, asset: Asset) -> int | None:
        quote = self.preset.asset(asset.quote) if asset.quote is not None else None
        told = feed_test_price(asset, quote, self.options.price_wad if quote is not None else None)
        return None if told is None else told * 10**feeds.TEST_DECIMALS // WAD

    def _check_token(self, asset: Asset) -> None:
        address = self.options.tokens[asset.role]
        where = f"--token {asset.role}={address}"
        same = [r for r, a in self.options.tokens.items() if a.lower() == address.lower() and r != asset.role]
        if same:
            raise DeployError(f"{where}: this is the token of '{same[0]}' as well")
        token = self.artifacts.at("TestToken", address, self.rpc)
        if not self.rpc.code(address):
            raise DeployError(f"{where}: there is no contract at this address on chain {self.rpc.chain_id}")
        try:
            decimals = token.call("decimals")
            balance = token.call("balanceOf", self.wallet.address)
        except (RpcError, ValueError) as e:
            if isinstance(e, RpcDead):
                raise
            raise DeployError(f"{where}: this is no ERC-20 token with decimals()") from None
        if not 6 <= decimals <= 18:
            raise DeployError(f"{where}: it has {decimals} decimals, the pool takes 6 to 18")
        need = asset.seed_wad * 10**decimals // WAD
        if f"pool.seed({asset.role})" not in self.book.data["steps"] and balance < need:
            raise DeployError(f"{where}: {self.wallet.address} holds {balance} raw units, {need} are needed to seed the reserve")

    # ------------------------------------------------------------------ the plan

    def _steps(self) -> None:
        preset = self.preset
        for asset in preset.assets:
            self._token(asset)

        self._deploy_code("PairBlueprint", "PairBlueprint", self.artifacts["Pair"].blueprint(), [])
        self._deploy(
            "PairFactory",
            "PairFactory",
            [
                self.book.address("PairBlueprint"),
                self.wallet.address,
                preset.fee_bps,
                preset.protocol_numerator,
                preset.protocol_denominator,
            ],
        )
        factory = self._at("PairFactory")
        self._call("factory.setFeeTo", factory, "setFeeTo", self.treasury)
        for asset in preset.priced:
            assert asset.quote is not None
            self._pair(factory, pair_name(preset, asset.role), asset.role, asset.quote)
        for asset in preset.priced:
            if asset.second_source is not None:
                self._second_pool(factory, asset)
        for asset in preset.fed:
            self._feed(asset)
        self._deploy("PriceOracle", "PriceOracle", [])
        oracle = self._at("PriceOracle")
        for asset in preset.assets:
            if asset.quote is None:
                self._quote(oracle, asset)
        for asset in preset.priced:
            self._sources(oracle, asset)

        for asset in preset.assets:
            r = asset.rates
            self._deploy(model_name(asset.role), "JumpRateModel", [r.base_wad, r.multiplier_wad, r.jump_wad, r.kink_wad])
        pool = self._pool(oracle)
        if self.options.market:
            for asset in preset.priced:
                self._markets(asset)
        for asset in preset.assets:
            self._seed(pool, asset)
        if preset.range_pools is not None:
            self._ranges(preset.range_pools)
        if self.options.extras:
            self._extras(pool)
        self._hand_over()

    def _pool(self, oracle: Contract) -> Contract:
        """The lending pool, listed through its configurator, which is the deployer's until all is done."""
        preset, wanted = self.preset, self.governance
        self._deploy("Operators", "Operators", [])
        self._deploy("PoolExtension", "PoolExtension", [])
        self._deploy("PoolConfigurator", "PoolConfigurator", [self.wallet.address, wanted.steward, wanted.guardian])
        others = [self.book.address(n) for n in ("PoolConfigurator", "Operators", "PoolExtension")]
        self._deploy("LendingPool", "LendingPool", [self.treasury, preset.borrow_limit_bps, preset.minimum_debt_wad, *others])
        pool, configurator = self._at("LendingPool"), self._at("PoolConfigurator")
        self._deploy("LiquidationEngine", "LiquidationEngine", [pool.address, self.preset.liquidation_fee_bps])
        self._deploy("Lens", "Lens", [pool.address])
        self._call("configurator.attach", configurator, "attach", pool.address)
        self._call("configurator.set_oracle", configurator, "set_oracle", oracle.address)
        self._call("configurator.set_engine", configurator, "set_engine", self.book.address("LiquidationEngine"))
        for asset in preset.assets:
            self._call(
                f"configurator.list_reserve({asset.role})",
                configurator,
                "list_reserve",
                self.book.token(asset.role).address,
                self.book.address(model_name(asset.role)),
                asset.ltv_bps,
                asset.bonus_bps,
                asset.reserve_factor_bps,
            )
        for asset in preset.assets:
            self._terms(configurator, asset)
        return pool

    def _terms(self, configurator: Contract, asset: Asset) -> None:
        """What a listing does not set. Before the reserve is open: depth mode FULL cannot be had later."""
        token, mode = self.book.token(asset.role), DEPTH_MODES[asset.depth_mode]
        if mode != DEPTH_MODES["new_risk"]:
            self._call(f"configurator.set_depth_mode({asset.role})", configurator, "set_depth_mode", token.address, mode)
        if asset.origination_fee_bps:
            terms = (token.address, asset.origination_fee_bps, self.stakers[asset.role])
            self._call(f"configurator.set_origination_fee({asset.role})", configurator, "set_origination_fee", *terms)
        caps = caps_of(asset, token)
        if any(caps):
            self._call(f"configurator.set_caps({asset.role})", configurator, "set_caps", token.address, *caps)

    def _hand_over(self) -> None:
        """All that the deployer owns goes to a timelock, which accepts it, and takes up its delay, in one operation at the end: until then
        it has none. Who is to govern may propose and cancel; what has waited anyone may execute."""
        wanted, deployer = self.governance, self.wallet.address
        self._deploy("Timelock", "Timelock", [0, list(dict.fromkeys((wanted.owner, deployer))), [ZERO]])
        timelock, configurator = self._at("Timelock"), self._at("PoolConfigurator")
        for name, contract, function in (
            ("configurator", configurator, "transfer_ownership"),
            ("oracle", self._at("PriceOracle"), "transfer_ownership"),
            ("factory", self._at("PairFactory"), "setFeeToSetter"),
        ):
            self._call(f"{name}.{function}", contract, function, timelock.address)
        if self.book.has("RangePoolFactory"):
            self._call("range_factory.setOwner", self._at("RangePoolFactory"), "setOwner", timelock.address)
        calls: list[tuple[Contract, str, tuple[Any, ...]]] = [(configurator, "accept_ownership", ())]
        if self.options.extras:
            markets = self._at("MarketFactory")
            self._call("market_factory.transfer_ownership", markets, "transfer_ownership", timelock.address)
            calls.append((markets, "accept_ownership", ()))
        if wanted.owner != deployer:
            calls += [(timelock, "revokeRole", (timelock_role(name), deployer)) for name in ("PROPOSER_ROLE", "CANCELLER_ROLE")]
        calls.append((timelock, "update_delay", (wanted.delay_seconds,)))
        operation = [c.address for c, _, _ in calls], [0] * len(calls), [c.data(f, *args) for c, f, args in calls]
        self._call("timelock.schedule", timelock, "schedule_batch", *operation, NO_SALT, NO_SALT, 0)
        self._call("timelock.execute", timelock, "execute_batch", *operation, NO_SALT, NO_SALT)

    def _extras(self, pool: Contract) -> None:
        """What stands around the pool: it works without, and none of it may do anything to it."""
        wrapped = self.book.address("WrappedNative") if self.book.has("WrappedNative") else ZERO
        self._deploy("Bundler", "Bundler", [self.book.address("Operators"), wrapped])
        self._blueprint("ReserveVault")
        self._deploy("ReserveVaultFactory", "ReserveVaultFactory", [self.book.address("ReserveVaultBlueprint")])
        for asset in self.preset.assets:
            self._vault(pool, asset)
        self._isolated_markets()

    def _blueprint(self, contract: str) -> None:
        name = f"{contract}Blueprint"
        self._deploy_code(name, name, self.artifacts[contract].blueprint(), [])

    def _vault(self, pool: Contract, asset: Asset) -> None:
        """Anybody may have created it before us: the factory has made it, so it is the same."""
        name, token, factory = vault_name(asset.role), self.book.token(asset.role).address, self._at("ReserveVaultFactory")
        if self.book.has(name):
            self._keep(name)
            return
        pending = self.book.data.get("pending")
        before = factory.call("vault_of", pool.address, token)
        if before != ZERO and pending is None:
            self._record_contract(name, "ReserveVault", before, [pool.address, token], None)
            return
        receipt = self._transaction(name, factory.address, factory.data("create_vault", pool.address, token))
        self._record_contract(name, "ReserveVault", factory.call("vault_of", pool.address, token), [pool.address, token], receipt)

    def _isolated_markets(self) -> None:
        """Their factory. Quotes are the preset's assets that no pair prices, rate models those of its reserves."""
        for contract in MARKET_BLUEPRINTS:
            self._blueprint(contract)
        self._deploy(
            "MarketFactory",
            "MarketFactory",
            [
                self.book.address("PairFactory"),
                *(self.book.address(f"{contract}Blueprint") for contract in MARKET_BLUEPRINTS),
                self.treasury,
                self.book.address("Operators"),
                self.book.address("PoolExtension"),
                self.preset.minimum_debt_wad,
                self.wallet.address,
                self.governance.guardian,
            ],
        )
        markets = self._at("MarketFactory")
        for asset in self.preset.assets:
            if asset.quote is None:
                self._market_quote(markets, asset)
        for asset in self.preset.assets:
            model = self.book.address(model_name(asset.role))
            self._call(f"market_factory.set_rate_model({asset.role})", markets, "set_rate_model", model, True)

    def _market_quote(self, markets: Contract, asset: Asset) -> None:
        token = self.book.token(asset.role)
        listed = isolated_quote(asset, token, self.book)
        if listed.price:
            self._call(f"market_factory.set_quote({asset.role})", markets, "set_quote", token.address, listed.price)
        else:
            self._call(f"market_factory.set_quote_feed({asset.role})", markets, "set_quote_feed", token.address, *listed[2:])

    def _quote(self, oracle: Contract, asset: Asset) -> None:
        token = self.book.token(asset.role)
        if asset.fixed_price_wad is not None:
            self._call(f"oracle.set_quote({asset.role})", oracle, "set_quote", token.address, quote_price(asset, token))
            return
        assert asset.feed is not None
        entry = self.book.feeds[asset.role]
        settings = (entry["address"], asset.feed.heartbeat_seconds, *feeds.bounds(asset.feed, entry["decimals"]))
        self._call(f"oracle.set_quote_feed({asset.role})", oracle, "set_quote_feed", token.address, *settings)

    def _sources(self, oracle: Contract, asset: Asset) -> None:
        """The first source opens the asset. What comes after it may move a price but little and once a day, so the others come before;
        only a feed in its quote must know it."""
        assert asset.quote is not None
        role, token = asset.role, self.book.token(asset.role).address
        second, feed = asset.second_source, asset.feed
        if second is not None:
            pool, quote = self.book.address(second_source_name(self.preset, asset)), self.book.token(second.quote).address
            self._call(f"oracle.set_second_source({role})", oracle, "set_second_source", token, pool, quote, second.minimum_depth_wad)
        if feed is not None and not feed.in_quote:
            self._set_feed(oracle, asset)
        pair, quote = self.book.address(pair_name(self.preset, role)), self.book.token(asset.quote).address
        self._call(f"oracle.set_source({role})", oracle, "set_source", token, pair, quote, asset.minimum_depth_wad)
        if feed is not None and feed.in_quote:
            self._set_feed(oracle, asset)

    def _set_feed(self, oracle: Contract, asset: Asset) -> None:
        feed, entry = asset.feed, self.book.feeds[asset.role]
        assert feed is not None
        settings = (entry["address"], feed.in_quote, feed.heartbeat_seconds, *feeds.bounds(feed, entry["decimals"]))
        self._call(f"oracle.set_feed({asset.role})", oracle, "set_feed", self.book.token(asset.role).address, *settings)

    def _feed(self, asset: Asset) -> None:
        """The feed of an asset in the book; on a development chain one that tells what the preset says, until it is told otherwise."""
        role, address = asset.role, self.feeds[asset.role]
        if address is None:
            self._deploy(feed_name(role), "ScriptedFeed", [feeds.TEST_DECIMALS, self._test_answer(asset)])
            address = self.book.address(feed_name(role))
        if role not in self.book.feeds:
            self.book.feeds[role] = {"address": address, "decimals": feeds.ask(self.rpc, address).decimals}

    def _second_pool(self, factory: Contract, asset: Asset) -> None:
        second = asset.second_source
        assert second is not None
        name = second_source_name(self.preset, asset)
        if second.kind == PAIR:
            self._pair(factory, name, asset.role, second.quote)
            return
        plan = self.preset.range_pools
        assert plan is not None
        self._range_contracts()
        for pool in plan.test_pools:
            if self.options.market and pool_name(self.preset, pool) == name and self._is_test(pool.asset, pool.quote):
                self._open_test_pool(pool)
                return
        self._range_pool(name, asset.role, second.quote, second.fee_pips)

    def _range_pool(self, name: str, *key: Any) -> None:
        """Of two roles and a fee; it may be there before us. Who gives it liquidity initialises it."""
        base, quote, fee_pips = key
        tokens = sorted((self.book.token(base).address, self.book.token(quote).address), key=lambda t: int(t, 16))
        factory = self._at("RangePoolFactory")
        if self.book.has(name):
            self._keep(name)
            return
        receipt = self._transaction(name, factory.address, factory.data("createPool", *tokens, fee_pips))
        self._record_contract(name, "RangePool", factory.call("getPool", *tokens, fee_pips), [*tokens, fee_pips], receipt)

    def _ranges(self, plan: RangePools) -> None:
        self._range_contracts()
        if self.options.market:
            for pool in plan.test_pools:
                self._test_range_pool(pool)

    def _range_contracts(self) -> None:
        if self.wrapped_native is None:
            self._deploy("WrappedNative", "WrappedNative", [])
        elif not self.book.has("WrappedNative"):
            code_hash = to_hex(keccak(self.rpc.code(self.wrapped_native)))
            entry = {"contract": "WrappedNative", "address": self.wrapped_native, "code_hash": code_hash, "args": []}
            self.book.data["contracts"]["WrappedNative"] = entry
        self._deploy_code("RangePoolBlueprint", "RangePoolBlueprint", self.artifacts["RangePool"].blueprint(), [])
        self._deploy("RangePoolFactory", "RangePoolFactory", [self.book.address("RangePoolBlueprint"), self.wallet.address])
        pairs, ranges, wrapped = (self.book.address(n) for n in ("PairFactory", "RangePoolFactory", "WrappedNative"))
        self._deploy("PositionManager", "PositionManager", [ranges, wrapped])
        self._deploy("Quoter", "Quoter", [pairs, ranges])
        self._deploy("Router", "Router", [pairs, ranges, self.book.address("PositionManager"), wrapped, self.book.address("Quoter")])

    def _open_test_pool(self, plan: TestRangePool) -> tuple[tuple[Any, ...], int, bool]:
        """A range pool of test tokens at the price of their pair: (its key, the square root of its price, whether the quote is token0)."""
        asset = self.preset.asset(plan.asset)
        assert asset.test_market is not None
        base, quote = self.book.token(asset.role), self.book.token(plan.quote)
        token0, token1 = sorted((base, quote), key=lambda t: int(t.address, 16))
        inverted = token0 == quote
        price = Fraction(self.options.price_wad or asset.test_market.price_wad, self._start_price(plan.quote))
        sqrt_price = ranges.sqrt_price_of(price, token0.decimals, token1.decimals, inverted)

        name = pool_name(self.preset, plan)
        factory, manager = self._at("RangePoolFactory"), self._at("PositionManager")
        key = (token0.address, token1.address, plan.fee_pips)
        if self.book.has(name):
            self._keep(name)
        else:
            receipt = self._transaction(name, manager.address, manager.data("createAndInitializePoolIfNecessary", *key, sqrt_price))
            self._record_contract(name, "RangePool", factory.call("getPool", *key), [*key, sqrt_price], receipt)
        return key, sqrt_price, inverted

    def _start_price(self, quote: str) -> int:
        price = self.preset.asset(quote).start_price_wad
        assert price is not None
        return price

    def _test_range_pool(self, plan: TestRangePool) -> None:
        """A range pool of test tokens, with the deployer's positions in it."""
        if not self._is_test(plan.asset, plan.quote):
            return
        key, sqrt_price, inverted = self._open_test_pool(plan)
        name, quote = pool_name(self.preset, plan), self.book.token(plan.quote)
        factory, manager = self._at("RangePoolFactory"), self._at("PositionManager")
        spacing = factory.call("feeAmountTickSpacing", plan.fee_pips)
        mints = []
        for position in plan.positions:
            lower, upper = ranges.ticks_for(position.range, sqrt_price, spacing, inverted)
            worth = position.value_wad * quote.unit // self._start_price(plan.quote)
            mints.append((lower, upper, *_amounts_worth(worth, sqrt_price, lower, upper, inverted)))
        needed = (sum(m[2] for m in mints), sum(m[3] for m in mints))
        for address, amount in zip(key, needed, strict=False):
            token = self.book.token_at(address)
            if amount and token is not None:
                contract = self.book.token_contract(token.role, self.rpc, self.artifacts)
                self._call(f"{name}.{token.role}.mint", contract, "mint", self.wallet.address, amount)
                self._call(f"{name}.{token.role}.approve", contract, "approve", manager.address, amount)
        for number, (lower, upper, amount0, amount1) in enumerate(mints):
            # no minimum: nobody else can have moved the price of a development chain
            params = (*key, lower, upper, amount0, amount1, 0, 0, self.wallet.address, FAR_FUTURE)
            self._call(f"{name}.position.{number}", manager, "mint", params)

    def _token(self, asset: Asset) -> None:
        role = asset.role
        if role in self.options.tokens:
            if role not in self.book.data["tokens"]:
                address = to_checksum_address(self.options.tokens[role])
                token = self.artifacts.at("TestToken", address, self.rpc)
                try:
                    symbol = str(token.call("symbol"))
                except RpcDead:
                    raise
                except Exception:  # some old tokens answer with bytes32, some with nothing
                    symbol = role.upper()
                self.book.data["tokens"][role] = {
                    "address": address,
                    "symbol": symbol,
                    "decimals": token.call("decimals"),
                }
            return
        assert asset.test_token is not None
        t = asset.test_token
        self._deploy(token_name(role), "TestToken", [t.name, t.symbol, t.decimals])
        self.book.data["tokens"].setdefault(role, {"address": self.book.address(token_name(role)), "symbol": t.symbol, "decimals": t.decimals})

    def _pair(self, factory: Contract, name: str, role: str, quote: str) -> None:
        tokens = self.book.token(role).address, self.book.token(quote).address
        if self.book.has(name):
            self._keep(name)
            return
        receipt = self._transaction(name, factory.address, factory.data("createPair", *tokens))
        address = factory.call("getPair", *tokens)
        self._record_contract(name, "Pair", address, list(tokens), receipt)

    def _is_test(self, *roles: str) -> bool:
        return all(r not in self.options.tokens for r in roles)

    def _markets(self, asset: Asset) -> None:
        """First liquidity of an asset's pairs, where they are of test tokens."""
        assert asset.quote is not None
        market, second = asset.test_market, asset.second_source
        if market is None:
            return
        price = self.options.price_wad or market.price_wad
        liquidity = market.liquidity_wad if self.options.liquidity_wad is None else self.options.liquidity_wad
        self._market(asset.role, pair_name(self.preset, asset.role), asset.role, asset.quote, price, liquidity)
        if second is not None and second.kind == PAIR:
            name = second_source_name(self.preset, asset)
            self._market(f"{asset.role}.{second.quote}", name, asset.role, second.quote, price, second.test_liquidity_wad)

    def _market(self, step: str, name: str, role: str, quote_role: str, price: int, liquidity: int) -> None:
        if liquidity == 0 or not self._is_test(role, quote_role):
            return
        base, quote = self.book.token(role), self.book.token(quote_role)
        pair = self._at(name)
        amounts = ((quote, liquidity * quote.unit // self._start_price(quote_role)), (base, liquidity * base.unit // price))
        for token, amount in amounts:
            contract = self.book.token_contract(token.role, self.rpc, self.artifacts)
            self._call(f"market({step}).{token.role}", contract, "mint", pair.address, amount)
        self._call(f"market({step}).mint", pair, "mint", self.wallet.address)

    def _seed(self, pool: Contract, asset: Asset) -> None:
        token = self.book.token(asset.role)
        contract = self.book.token_contract(asset.role, self.rpc, self.artifacts)
        amount = asset.seed_wad * token.unit // WAD
        if self._is_test(asset.role):
            self._call(f"token({asset.role}).mint", contract, "mint", self.wallet.address, amount)
        self._call(f"token({asset.role}).approve", contract, "approve", pool.address, amount)
        self._call(f"pool.seed({asset.role})", pool, "seed", token.address, amount)

    # ------------------------------------------------------------------ one step

    def _at(self, name: str) -> Contract:
        return self.book.contract(name, self.rpc, self.artifacts)

    def _deploy(self, name: str, contract: str, args: Sequence[Any]) -> None:
        self._deploy_code(name, contract, self.artifacts[contract].deployment(*args), args)

    def _deploy_code(self, name: str, contract: str, code: bytes, args: Sequence[Any]) -> None:
        if self.book.has(name):
            self._keep(name)
            return
        receipt = self._transaction(name, None, code)
        self._record_contract(name, contract, receipt["contractAddress"], args, receipt)

    def _record_contract(self, name: str, contract: str, address: str, args: Sequence[Any], receipt: dict[str, Any] | None) -> None:
        """`receipt`: None if somebody else has deployed it."""
        self.book.data["contracts"][name] = {
            "contract": contract,
            "address": to_checksum_address(address),
            "code_hash": to_hex(keccak(self.rpc.code(address))),
            "args": _plain(list(args)),
            **(_proof(receipt) if receipt is not None else {}),
        }
        self._recorded(name)

    def _call(self, step: str, contract: Contract, function: str, *args: Any) -> None:
        if step in self.book.data["steps"]:
            self._keep(step)
            return
        receipt = self._transaction(step, contract.address, contract.data(function, *args))
        self.book.data["steps"][step] = {
            "to": contract.address,
            "function": function,
            "args": _plain(list(args)),
            **_proof(receipt),
        }
        self._recorded(step)

    def _keep(self, step: str) -> None:
        if step not in self._seen:
            self._seen.add(step)
            self.kept += 1

    def _recorded(self, step: str) -> None:
        self._seen.add(step)
        self.book.data.pop("pending", None)
        self.book.save()
        self.done.append(step)
        self.hook(step, "recorded")

    def _transaction(self, step: str, to: str | None, data: bytes) -> dict[str, Any]:
        """The receipt of the step's one transaction, whether it was sent now or before a kill."""
        pending = self.book.data.get("pending")
        if pending is not None and pending["step"] != step:
            raise BookError(f"{self.book.shown} waits for '{pending['step']}', the next step is '{step}': was it edited?")
        self.say(step)
        receipt = self._settle(pending) if pending else None
        if receipt is None:
            receipt = self._settle(self._sign(step, to, data))
        if receipt is None:
            raise DeployError(f"step '{step}': another program uses {self.wallet.address}: stop it and run this again")
        if self.book.data["block"] is None:
            self.book.data["block"] = to_int(receipt["blockNumber"])
        try:
            ensure_success(self.rpc, receipt)
        except Reverted as e:
            self.book.data.pop("pending", None)
            self.book.save()
            raise DeployError(f"step '{step}': {e}") from None
        self.hook(step, "mined")
        return receipt

    def _sign(self, step: str, to: str | None, data: bytes) -> dict[str, Any]:
        try:
            gas = self.wallet.estimate(to, data)
        except Reverted as e:
            raise DeployError(f"step '{step}' would fail: {e}") from None
        tx_hash, raw = self.wallet.sign(to, data, gas=gas, fees=self.rpc.fees(), nonce=self.rpc.nonce(self.wallet.address))
        pending = {"step": step, "hash": tx_hash, "raw": raw}
        self.book.data["pending"] = pending
        self.book.save()
        self.hook(step, "signed")
        return pending

    def _settle(self, pending: dict[str, Any]) -> dict[str, Any] | None:
        """The receipt of a signed transaction; None if it can never be mined, because its nonce went to another one."""
        tx_hash = pending["hash"]
        receipt = self.rpc.receipt(tx_hash)
        if receipt is not None:
            return receipt
        try:
            send_raw(self.rpc, pending["raw"], tx_hash)
        except RpcDead:
            raise
        except RpcError as e:
            if "nonce too low" in str(e).lower():
                return self.rpc.receipt(tx_hash)
            raise DeployError(f"step '{pending['step']}': {e}") from None
        self.hook(pending["step"], "sent")
        if self.mine:
            self.mine()
        try:
            return self.rpc.wait(tx_hash)
        except RpcDead:
            raise
        except RpcError as e:
            raise DeployError(f"step '{pending['step']}': {e}; run this again to go on") from None


def _proof(receipt: dict[str, Any]) -> dict[str, Any]:
    return {
        "tx": receipt["transactionHash"],
        "block": to_int(receipt["blockNumber"]),
        "block_hash": receipt["blockHash"],
    }


def _plain(value: Any) -> Any:
    """JSON data. Integers as text: many readers of JSON round beyond 2^53."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, bytes):
        return to_hex(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _first_difference(before: Any, now: Any, path: str = "") -> tuple[str, Any, Any] | None:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*before, *(k for k in now if k not in before)]:
            found = _first_difference(before.get(key), now.get(key), f"{path}.{key}".lstrip("."))
            if found:
                return found
        return None
    if isinstance(before, list) and isinstance(now, list):
        roles = [[e["role"] if isinstance(e, dict) and "role" in e else i for i, e in enumerate(side)] for side in (before, now)]
        if roles[0] != roles[1]:
            return path, roles[0], roles[1]
        for i, (b, n) in enumerate(zip(before, now, strict=True)):
            name = b.get("role", i) if isinstance(b, dict) else i
            found = _first_difference(b, n, f"{path}.{name}")
            if found:
                return found
        return None
    return None if before == now else (path, before, now)


def _brief(value: Any) -> str:
    """What fits into a line."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
