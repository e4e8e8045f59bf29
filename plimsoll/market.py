"""The demo's market on its chain: the deployed contracts, and transactions of a crowd that has no keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from plimsoll import deployment, names, presets, verdict, wiring
from plimsoll.abi import Artifacts, Contract
from plimsoll.rpc import DEV_KEYS, Rpc, RpcError, Wallet, ensure_success, to_int

WAD = 10**18
GWEI = 10**9
FEES = {"maxFeePerGas": 100 * GWEI, "maxPriorityFeePerGas": GWEI}
# Requests in one body of JSON
LARGEST_BATCH = 1_000
GAS = {"mint": 120_000, "approve": 80_000, "supply": 400_000, "set_collateral": 300_000, "borrow": 900_000,
       "repay": 500_000, "withdraw": 600_000, "transfer": 100_000, "swap": 400_000}  # fmt: skip


class MarketError(Exception):
    """A one-line message for people."""


@dataclass(frozen=True)
class Transaction:
    """One of the crowd's, signed by the chain"""

    sender: str
    contract: Contract
    function: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Market:
    """The deployed contracts that the replay talks to, and what it must know of them."""

    rpc: Rpc
    pool: Contract
    engine: Contract
    oracle: Contract
    lens: Contract
    pair: Contract
    usd: Contract
    eth: Contract
    usd_decimals: int
    fee_bps: int
    terms: verdict.Terms

    @property
    def usd_scale(self) -> int:
        """WAD of one raw dollar unit"""
        return int(10 ** (18 - self.usd_decimals))

    @property
    def eth_is_token0(self) -> bool:
        return int(self.eth.address, 16) < int(self.usd.address, 16)

    def reserves(self) -> tuple[int, int]:
        """(ETH, dollars) in the pair"""
        r = self.pair.call("getReserves")
        return (r[0], r[1]) if self.eth_is_token0 else (r[1], r[0])

    def send(self, transactions: Sequence[Transaction]) -> None:
        """Unsigned (the chain plays their wallets), many at once."""
        senders = list(dict.fromkeys(t.sender for t in transactions))
        counts = self.rpc.batch([("eth_getTransactionCount", [s, "pending"]) for s in senders])
        nonces = {s: to_int(n) for s, n in zip(senders, counts, strict=True)}
        requests = []
        for t in transactions:
            requests.append(
                (
                    "eth_sendTransaction",
                    [
                        {
                            "from": t.sender,
                            "to": t.contract.address,
                            "data": "0x" + t.contract.data(t.function, *t.arguments).hex(),
                            "nonce": hex(nonces[t.sender]),
                            "gas": hex(GAS[t.function]),
                            **{k: hex(v) for k, v in FEES.items()},
                        }
                    ],
                )
            )
            nonces[t.sender] += 1
        for i in range(0, len(requests), LARGEST_BATCH):
            self.rpc.batch(requests[i : i + LARGEST_BATCH])

    def expect(self, what: str, **events: int) -> None:
        """Raise unless the latest block has so many of the pool's events."""
        pool, number = self.pool, hex(self.rpc.block_number())
        logs = self.rpc.call("eth_getLogs", {"address": pool.address, "fromBlock": number, "toBlock": number})
        found = [e.name for e in pool.interface.decode_logs(logs)]
        if all(found.count(name) == count for name, count in events.items()):
            return
        receipts = self.rpc.call("eth_getBlockReceipts", number)
        failed = [r for r in receipts if to_int(r["status"]) != 1]
        reason = _why_failed(self.rpc, failed[0]) if failed else f"only {len(receipts)} are in the block"
        raise MarketError(f"{what}: {len(failed)} of {len(receipts)} transactions failed ({reason})")


def deploy_market(
    rpc: Rpc, artifacts: Artifacts, folder: Path, preset_name: str, ltv_bps: int, treasury: str, price_wad: int, depth_wad: int
) -> Market:
    """The preset with the demo's LTV, its pair at the day's first price; the address book lies in `folder`."""
    preset = presets.load(preset_name)
    if len(preset.priced) != 1:
        raise MarketError(f"the preset '{preset_name}' has {len(preset.priced)} priced assets; the demo plays with one")
    volatile = preset.priced[0]
    quote = preset.asset(volatile.quote or "")
    if volatile.test_token is None or volatile.test_token.decimals != 18 or quote.fixed_price_wad != WAD:
        raise MarketError(f"the preset '{preset_name}' needs an 18-decimals test token priced in a dollar of 1")
    assets = tuple(replace(a, ltv_bps=ltv_bps) if a is volatile else a for a in preset.assets)
    options = deployment.Options(treasury=treasury, price_wad=price_wad, liquidity_wad=depth_wad, extras=False)
    wallet = Wallet(rpc, DEV_KEYS[0])
    # the day is played in the pair: without range pools and router there is less to compile and to deploy
    played = replace(preset, assets=assets, range_pools=None)
    report = deployment.deploy(rpc, wallet, played, artifacts, options=options, where=folder)
    book = report.book
    usd, eth = book.token(quote.role), book.token(volatile.role)
    return Market(
        rpc=rpc,
        pool=book.contract("LendingPool", rpc, artifacts),
        engine=book.contract("LiquidationEngine", rpc, artifacts),
        oracle=book.contract("PriceOracle", rpc, artifacts),
        lens=book.contract("Lens", rpc, artifacts),
        pair=book.contract(names.pair_name(preset, volatile.role), rpc, artifacts),
        usd=book.token_contract(usd.role, rpc, artifacts),
        eth=book.token_contract(eth.role, rpc, artifacts),
        usd_decimals=usd.decimals,
        fee_bps=preset.fee_bps,
        terms=verdict.Terms(
            ltv_bps=ltv_bps,
            min_depth_wad=volatile.minimum_depth_wad,
            rates=quote.rates,
            usd_price=wiring.quote_price(quote, usd),
        ),
    )


def _why_failed(rpc: Rpc, receipt: dict[str, Any]) -> str:
    try:
        ensure_success(rpc, receipt)
    except RpcError as e:
        return str(e)
    return "without a reason"
