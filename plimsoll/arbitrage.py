"""How much an arbitrageur trades in an x*y=k pair: closed form, exact integers.

With reserves x (ETH) and y (dollars), a fee that leaves g of each amount paid in, and a price p elsewhere:

* buying pays until the next ETH costs p:   y + g*dy = sqrt(x * y * p * g)
* selling stops when the next ETH brings p: x + g*dx = sqrt(x * y * g / p)

Inside the fee band around the pair's price, from g*y/x to y/x/g, neither is worth it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

BPS = 10_000
WAD = 10**18

# When arbitrage is not worth it an ordinary trade of this part of the reserves takes place: the pair is never silent.
ORDINARY_PART = 100_000


@dataclass(frozen=True)
class Trade:
    """Pay `amount_in` of one token into the pair and take `amount_out` of the other."""

    buys_eth: bool
    amount_in: int
    amount_out: int
    arbitrage: bool


def amount_out(amount_in: int, reserve_in: int, reserve_out: int, fee_bps: int) -> int:
    """What an x*y=k pair gives, rounded down."""
    paid = amount_in * (BPS - fee_bps)
    return paid * reserve_out // (reserve_in * BPS + paid)


def pair_price_wad(eth_reserve: int, usd_reserve: int, usd_decimals: int = 6) -> int:
    """Dollars of one ETH (18 decimals) by the pair's reserves, WAD."""
    return usd_reserve * WAD * int(10 ** (18 - usd_decimals)) // eth_reserve


def next_trade(eth_reserve: int, usd_reserve: int, price_wad: int, fee_bps: int, usd_decimals: int = 6) -> Trade:
    """The arbitrage that brings the pair to the fee band around `price_wad`; inside of it a small trade towards that price."""
    # raw dollars of one raw unit of ETH = numerator / denominator
    numerator = price_wad * 10**usd_decimals
    denominator = WAD * WAD
    kept = BPS - fee_bps
    k = eth_reserve * usd_reserve

    usd_target = isqrt(k * numerator * kept // (denominator * BPS))
    if usd_target > usd_reserve:
        # rounded down: never past the point where the last ETH costs more than elsewhere
        paid = (usd_target - usd_reserve) * BPS // kept
        out = amount_out(paid, usd_reserve, eth_reserve, fee_bps)
        if out > 0:
            return Trade(True, paid, out, True)
    eth_target = isqrt(k * denominator * kept // (numerator * BPS))
    if eth_target > eth_reserve:
        paid = (eth_target - eth_reserve) * BPS // kept
        out = amount_out(paid, eth_reserve, usd_reserve, fee_bps)
        if out > 0:
            return Trade(False, paid, out, True)

    buys_eth = usd_reserve * denominator < numerator * eth_reserve
    reserve_in, reserve_out = (usd_reserve, eth_reserve) if buys_eth else (eth_reserve, usd_reserve)
    paid = max(1, reserve_in // ORDINARY_PART)
    while amount_out(paid, reserve_in, reserve_out, fee_bps) == 0:
        paid *= 2
    return Trade(buys_eth, paid, amount_out(paid, reserve_in, reserve_out, fee_bps), False)
