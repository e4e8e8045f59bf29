"""Deployment: every step recorded as it lands, so that it goes on where it was killed, and a second run changes nothing.

Before a transaction is sent, its signed bytes are in the address book ("pending"). After a kill at any point the next run
asks the chain for that transaction, sends the same bytes again if the chain never saw them, and only signs a new one when
the nonce has gone to something else: no step can happen twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from plimsoll import ranges
from plimsoll.abi import Artifacts, Contract, read
from plimsoll.addresses import AddressBook, BookError, Token
from plimsoll.errors import Problem
from plimsoll.presets import WAD, Asset, Preset, RangePools, TestRangePool
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

# A deadline for what may be sent today or, after an interruption, some other day
FAR_FUTURE = 2**40
# A source has a price for new risk once the slow window lies behind it: ten whole buckets of 180 s
HISTORY_SECONDS = 11 * 180


class DeployError(Problem):
    """The step, and what is wrong."""


@dataclass(frozen=True)
class Options:
    """What a preset leaves open.

    tokens     role -> address of an existing token. On a development chain the others are test tokens.
    treasury   earns fees and reserve shares; the deployer if None
    market     give the pairs and range pools of test tokens their first liquidity
    wrapped_native   the token that wraps the chain's coin, instead of the preset's. A development chain gets one of its own.
    price_wad, liquidity_wad   of that, instead of the preset's (units of account)
    """

    tokens: dict[str, str] = field(default_factory=dict)
    treasury: str | None = None
    market: bool = True
    wrapped_native: str | None = None
    price_wad: int | None = None
    liquidity_wad: int | None = None


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


# ---------------------------------------------------------------------- names in the address book


def pair_name(preset: Preset, role: str) -> str:
    return "Pair" if len(preset.priced) == 1 else f"Pair.{role}"


def range_pool_name(preset: Preset, pool: TestRangePool) -> str:
    assert preset.range_pools is not None
    return "RangePool" if len(preset.range_pools.test_pools) == 1 else f"RangePool.{pool.asset}.{pool.fee_pips}"


def model_name(role: str) -> str:
    return f"RateModel.{role}"


def token_name(role: str) -> str:
    return f"Token.{role}"


def quote_price(asset: Asset, token: Token) -> int:
    """WAD value of 1e18 raw units, as the oracle wants it."""
    assert asset.fixed_price_wad is not None
    return asset.fixed_price_wad * WAD // token.unit


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
        # None: one of our own is deployed
        self.wrapped_native: str | None = None
        if preset.range_pools is not None:
            given = options.wrapped_native or preset.range_pools.wrapped_native.get(rpc.chain_id)
            self.wrapped_native = to_checksum_address(given) if given else None
        self.where = where
        self.say = say
        self.mine = mine
        self.hook = hook
        self.done: list[str] = []
        self.kept = 0
        self.book: AddressBook

    def run(self) -> Report:
        started = time.monotonic()
        self.book = self._open_book()
        with self.book.locked():
            wanted = self._wanted()
            if "wanted" in self.book.data:
                before = self.book.data["wanted"]
                if "range_pools" not in before["preset"]:
                    # of a version that had no range pools: they are added to what is there
                    before = {**before, "preset": {**before["preset"], "range_pools": wanted["preset"]["range_pools"]}}
                    before["wrapped_native"] = wanted["wrapped_native"]
                    self.book.data["complete"] = False
                self._same_plan(before, wanted)
            self._check_before()
            self.book.data["wanted"] = wanted
            self.book.data.setdefault("deployer", self.wallet.address)
            self._steps()
            if not self.book.data["complete"]:
                self.book.data["complete"] = True
                self.book.save()
            problems = verify(self.rpc, self.book, self.artifacts, self.preset, self.treasury)
            if problems:
                self.book.data["complete"] = False
                self.book.save()
                raise DeployError(f"the wiring is wrong: {'; '.join(problems)}")
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
        wanted: dict[str, Any] = _plain(
            {
                "preset": preset,
                "tokens": {r: to_checksum_address(a) for r, a in self.options.tokens.items()},
                "treasury": self.treasury,
                "market": self.options.market,
                "wrapped_native": self.wrapped_native,
                "price_wad": self.options.price_wad,
                "liquidity_wad": self.options.liquidity_wad,
            }
        )
        return wanted

    def _same_plan(self, before: dict[str, Any], now: dict[str, Any]) -> None:
        difference = _first_difference(before, now)
        if difference:
            path, old, new = difference
            raise DeployError(
                f"{self.book.shown} was deployed with {path} = {old}, now it is {new}: "
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
        if self.book.data["complete"]:
            return
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
            self._pair(factory, asset)

        self._deploy("PriceOracle", "PriceOracle", [])
        oracle = self._at("PriceOracle")
        for asset in preset.assets:
            if asset.fixed_price_wad is not None:
                token = self.book.token(asset.role)
                self._call(f"oracle.set_quote({asset.role})", oracle, "set_quote", token.address, quote_price(asset, token))
        for asset in preset.priced:
            assert asset.quote is not None
            self._call(
                f"oracle.set_source({asset.role})",
                oracle,
                "set_source",
                self.book.token(asset.role).address,
                self.book.address(pair_name(preset, asset.role)),
                self.book.token(asset.quote).address,
                asset.minimum_depth_wad,
            )

        for asset in preset.assets:
            r = asset.rates
            self._deploy(model_name(asset.role), "JumpRateModel", [r.base_wad, r.multiplier_wad, r.jump_wad, r.kink_wad])
        self._deploy("LendingPool", "LendingPool", [self.treasury, preset.borrow_limit_bps, preset.minimum_debt_wad])
        pool = self._at("LendingPool")
        self._deploy("LiquidationEngine", "LiquidationEngine", [pool.address])
        self._deploy("Lens", "Lens", [pool.address])
        self._call("pool.set_oracle", pool, "set_oracle", oracle.address)
        self._call("pool.set_engine", pool, "set_engine", self.book.address("LiquidationEngine"))
        for asset in preset.assets:
            self._call(
                f"pool.list_reserve({asset.role})",
                pool,
                "list_reserve",
                self.book.token(asset.role).address,
                self.book.address(model_name(asset.role)),
                asset.ltv_bps,
                asset.bonus_bps,
                asset.reserve_factor_bps,
            )
        if self.options.market:
            for asset in preset.priced:
                self._market(asset)
        for asset in preset.assets:
            self._seed(pool, asset)
        if preset.range_pools is not None:
            self._ranges(preset.range_pools)

    def _ranges(self, plan: RangePools) -> None:
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
        if self.options.market:
            for pool in plan.test_pools:
                self._test_range_pool(pool)

    def _test_range_pool(self, plan: TestRangePool) -> None:
        """A range pool of test tokens at the price of their pair, with the deployer's positions in it."""
        asset = self.preset.asset(plan.asset)
        assert asset.quote is not None
        assert asset.test_market is not None
        if not self._is_test(asset.role, asset.quote):
            return
        base, quote = self.book.token(asset.role), self.book.token(asset.quote)
        quote_price_wad = self.preset.asset(asset.quote).fixed_price_wad
        assert quote_price_wad is not None
        token0, token1 = sorted((base, quote), key=lambda t: int(t.address, 16))
        inverted = token0 == quote
        price = Fraction(self.options.price_wad or asset.test_market.price_wad, quote_price_wad)
        sqrt_price = ranges.sqrt_price_of(price, token0.decimals, token1.decimals, inverted)

        name = range_pool_name(self.preset, plan)
        factory, manager = self._at("RangePoolFactory"), self._at("PositionManager")
        key = (token0.address, token1.address, plan.fee_pips)
        if self.book.has(name):
            self.kept += 1
        else:
            receipt = self._transaction(name, manager.address, manager.data("createAndInitializePoolIfNecessary", *key, sqrt_price))
            self._record_contract(name, "RangePool", factory.call("getPool", *key), [*key, sqrt_price], receipt)

        spacing = factory.call("feeAmountTickSpacing", plan.fee_pips)
        mints = []
        for position in plan.positions:
            lower, upper = ranges.ticks_for(position.range, sqrt_price, spacing, inverted)
            worth = position.value_wad * quote.unit // quote_price_wad
            mints.append((lower, upper, *_amounts_worth(worth, sqrt_price, lower, upper, inverted)))
        needed = (sum(m[2] for m in mints), sum(m[3] for m in mints))
        for token, amount in zip((token0, token1), needed, strict=True):
            if amount:
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

    def _pair(self, factory: Contract, asset: Asset) -> None:
        assert asset.quote is not None
        tokens = self.book.token(asset.role).address, self.book.token(asset.quote).address
        name = pair_name(self.preset, asset.role)
        if self.book.has(name):
            self.kept += 1
            return
        receipt = self._transaction(name, factory.address, factory.data("createPair", *tokens))
        address = factory.call("getPair", *tokens)
        self._record_contract(name, "Pair", address, list(tokens), receipt)

    def _is_test(self, *roles: str) -> bool:
        return all(r not in self.options.tokens for r in roles)

    def _market(self, asset: Asset) -> None:
        """First liquidity of a pair of test tokens."""
        assert asset.quote is not None
        market = asset.test_market
        if market is None or not self._is_test(asset.role, asset.quote):
            return
        price = self.options.price_wad or market.price_wad
        liquidity = market.liquidity_wad if self.options.liquidity_wad is None else self.options.liquidity_wad
        if liquidity == 0:
            return
        base, quote = self.book.token(asset.role), self.book.token(asset.quote)
        quote_price_wad = self.preset.asset(asset.quote).fixed_price_wad
        assert quote_price_wad is not None
        pair = self._at(pair_name(self.preset, asset.role))
        amounts = ((quote, liquidity * quote.unit // quote_price_wad), (base, liquidity * base.unit // price))
        for token, amount in amounts:
            contract = self.book.token_contract(token.role, self.rpc, self.artifacts)
            self._call(f"market({asset.role}).{token.role}", contract, "mint", pair.address, amount)
        self._call(f"market({asset.role}).mint", pair, "mint", self.wallet.address)

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
            self.kept += 1
            return
        receipt = self._transaction(name, None, code)
        self._record_contract(name, contract, receipt["contractAddress"], args, receipt)

    def _record_contract(self, name: str, contract: str, address: str, args: Sequence[Any], receipt: dict[str, Any]) -> None:
        self.book.data["contracts"][name] = {
            "contract": contract,
            "address": to_checksum_address(address),
            "code_hash": to_hex(keccak(self.rpc.code(address))),
            "args": _plain(list(args)),
            **_proof(receipt),
        }
        self._recorded(name)

    def _call(self, step: str, contract: Contract, function: str, *args: Any) -> None:
        if step in self.book.data["steps"]:
            self.kept += 1
            return
        receipt = self._transaction(step, contract.address, contract.data(function, *args))
        self.book.data["steps"][step] = {
            "to": contract.address,
            "function": function,
            "args": _plain(list(args)),
            **_proof(receipt),
        }
        self._recorded(step)

    def _recorded(self, step: str) -> None:
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
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for i, (b, n) in enumerate(zip(before, now, strict=True)):
            name = b.get("role", i) if isinstance(b, dict) else i
            found = _first_difference(b, n, f"{path}.{name}")
            if found:
                return found
        return None
    return None if before == now else (path, before, now)


# ---------------------------------------------------------------------- the wiring


def verify(rpc: Rpc, book: AddressBook, artifacts: Artifacts, preset: Preset, treasury: str | None = None) -> list[str]:
    """What is not as the preset wants it, in words; empty when all is well."""
    deployer = book.data["deployer"]
    treasury = treasury or deployer
    pool, oracle, engine, lens, factory = (
        book.contract(n, rpc, artifacts) for n in ("LendingPool", "PriceOracle", "LiquidationEngine", "Lens", "PairFactory")
    )
    checks: list[tuple[str, Any, Any]] = [
        ("owner of the pool", pool.request("owner"), deployer),
        ("owner of the oracle", oracle.request("owner"), deployer),
        ("oracle of the pool", pool.request("oracle"), oracle.address),
        ("engine of the pool", pool.request("engine"), engine.address),
        ("treasury of the pool", pool.request("treasury"), treasury),
        ("borrow limit", pool.request("borrow_limit_bps"), preset.borrow_limit_bps),
        ("pool of the engine", engine.request("pool"), pool.address),
        ("pool of the lens", lens.request("pool"), pool.address),
        ("fee of the factory", factory.request("fee_bps"), preset.fee_bps),
        ("protocol share", factory.request("protocol_share"), (preset.protocol_numerator, preset.protocol_denominator)),
        ("receiver of the protocol share", factory.request("feeTo"), treasury),
        ("blueprint of the factory", factory.request("blueprint"), book.address("PairBlueprint")),
        ("number of reserves", pool.request("reserves_count"), len(preset.assets)),
    ]
    for i, asset in enumerate(preset.assets):
        role, token = asset.role, book.token(asset.role)
        model = book.contract(model_name(role), rpc, artifacts)
        checks.append((f"reserve {i}", pool.request("reserve_at", i), token.address))
        checks.append((f"rate of '{role}' at no use", model.request("borrow_rate_wad", 0), asset.rates.base_wad))
        r = asset.rates
        at_kink = r.base_wad + r.multiplier_wad * r.kink_wad // WAD
        checks.append((f"rate of '{role}' at the kink", model.request("borrow_rate_wad", r.kink_wad), at_kink))
        full = at_kink + r.jump_wad * (WAD - r.kink_wad) // WAD
        checks.append((f"rate of '{role}' at full use", model.request("borrow_rate_wad", WAD), full))
        if asset.fixed_price_wad is not None:
            checks.append((f"price of '{role}'", oracle.request("quote_price", token.address), quote_price(asset, token)))
        else:
            assert asset.quote is not None
            pair = book.contract(pair_name(preset, role), rpc, artifacts)
            quote = book.token(asset.quote)
            expected_source = (pair.address, quote.address, asset.minimum_depth_wad)
            checks.append((f"source of '{role}'", oracle.request("source_of", token.address), expected_source))
            checks.append((f"pair of '{role}'", factory.request("getPair", token.address, quote.address), pair.address))
            checks.append((f"pair of '{role}', factory", pair.request("factory"), factory.address))
    if preset.range_pools is not None:
        checks += _range_checks(rpc, book, artifacts, factory)
    problems = []
    for (what, _, expected), found in zip(checks, read(rpc, [c[1] for c in checks]), strict=True):
        if (tuple(found) if isinstance(found, tuple) else found) != expected:
            problems.append(f"{what} is {_text(found)}, not {_text(expected)}")
    states = read(rpc, [pool.request("reserve_state", book.token(a.role).address) for a in preset.assets])
    for asset, state in zip(preset.assets, states, strict=True):
        settings: list[tuple[str, Any, Any]] = [
            ("LTV", state.ltv_bps, asset.ltv_bps),
            ("bonus", state.bonus_bps, asset.bonus_bps),
            ("reserve factor", state.reserve_factor_bps, asset.reserve_factor_bps),
            ("rate model", state.rate_model, book.address(model_name(asset.role))),
            ("seeded", state.seeded, True),
        ]
        for name, found, expected in settings:
            if found != expected:
                problems.append(f"{name} of '{asset.role}' is {_text(found)}, not {_text(expected)}")
    return problems


def _range_checks(rpc: Rpc, book: AddressBook, artifacts: Artifacts, pairs: Contract) -> list[tuple[str, Any, Any]]:
    ranges, manager, quoter, router = (book.contract(n, rpc, artifacts) for n in ("RangePoolFactory", "PositionManager", "Quoter", "Router"))
    wrapped = book.address("WrappedNative")
    checks: list[tuple[str, Any, Any]] = [
        ("owner of the range factory", ranges.request("owner"), book.data["deployer"]),
        ("blueprint of the range factory", ranges.request("blueprint"), book.address("RangePoolBlueprint")),
        ("factory of the position manager", manager.request("factory"), ranges.address),
        ("wrapped coin of the position manager", manager.request("WETH9"), wrapped),
        ("pair factory of the quoter", quoter.request("pair_factory"), pairs.address),
        ("range factory of the quoter", quoter.request("range_factory"), ranges.address),
        ("pair factory of the router", router.request("factory"), pairs.address),
        ("range factory of the router", router.request("range_factory"), ranges.address),
        ("position manager of the router", router.request("position_manager"), manager.address),
        ("wrapped coin of the router", router.request("WETH"), wrapped),
        ("quoter of the router", router.request("quoter"), quoter.address),
    ]
    for name in book.names:
        if book.kind(name) == "RangePool":
            token0, token1, fee, _ = book.data["contracts"][name]["args"]
            checks.append((f"pool {name}", ranges.request("getPool", token0, token1, int(fee)), book.address(name)))
    return checks


def _text(value: Any) -> str:
    return str(tuple(value)) if isinstance(value, tuple) else str(value)
