"""An x*y=k pair as exact integers: Uniswap V2's arithmetic with a fee in basis points and any protocol's share p/q of it."""

from dataclasses import dataclass
from math import isqrt

BPS = 10_000
MINIMUM_LIQUIDITY = 1000


class PairError(Exception):
    """What the contract reverts with."""


@dataclass
class Pair:
    fee_bps: int = 25
    # The part of the fee that the protocol gets
    share: tuple[int, int] = (8, 25)
    fee_on: bool = False
    reserve0: int = 0
    reserve1: int = 0
    supply: int = 0
    # LP tokens of the protocol, part of the supply
    protocol: int = 0
    k_last: int = 0

    @property
    def k(self) -> int:
        return self.reserve0 * self.reserve1

    def amount_out(self, amount_in: int, zero_for_one: bool = True) -> int:
        """The largest output that a swap of `amount_in` may take."""
        reserve_in, reserve_out = (self.reserve0, self.reserve1) if zero_for_one else (self.reserve1, self.reserve0)
        paid = amount_in * (BPS - self.fee_bps)
        # The reserve that is kept, rounded up: (reserve_in * BPS + paid) * kept * BPS >= k * BPS^2
        kept = -(-reserve_in * reserve_out * BPS // (reserve_in * BPS + paid))
        return reserve_out - kept

    def protocol_liquidity(self) -> int:
        """What the next mint or burn mints to the protocol: its share of the growth of sqrt(k)."""
        if not (self.fee_on and self.k_last):
            return 0
        p, q = self.share
        root, root_last = isqrt(self.k), isqrt(self.k_last)
        if root <= root_last:
            return 0
        return self.supply * p * (root - root_last) // ((q - p) * root + p * root_last)

    def mint(self, amount0: int, amount1: int) -> int:
        self._mint_fee()
        if self.supply == 0:
            liquidity = isqrt(amount0 * amount1) - MINIMUM_LIQUIDITY
            if liquidity < 0:
                raise PairError("underflow")
            locked = MINIMUM_LIQUIDITY
        else:
            liquidity = min(amount0 * self.supply // self.reserve0, amount1 * self.supply // self.reserve1)
            locked = 0
        if liquidity == 0:
            raise PairError("UniswapV2: INSUFFICIENT_LIQUIDITY_MINTED")
        self.supply += locked + liquidity
        self.sync(self.reserve0 + amount0, self.reserve1 + amount1)
        self._remember_k()
        return liquidity

    def burn(self, liquidity: int) -> tuple[int, int]:
        self._mint_fee()
        amount0, amount1 = (liquidity * reserve // self.supply for reserve in (self.reserve0, self.reserve1))
        if not (amount0 and amount1):
            raise PairError("UniswapV2: INSUFFICIENT_LIQUIDITY_BURNED")
        self.supply -= liquidity
        self.sync(self.reserve0 - amount0, self.reserve1 - amount1)
        self._remember_k()
        return amount0, amount1

    def swap(self, in0: int, in1: int, out0: int, out1: int) -> None:
        if not (out0 or out1):
            raise PairError("UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT")
        if out0 >= self.reserve0 or out1 >= self.reserve1:
            raise PairError("UniswapV2: INSUFFICIENT_LIQUIDITY")
        if not (in0 or in1):
            raise PairError("UniswapV2: INSUFFICIENT_INPUT_AMOUNT")
        balance0, balance1 = self.reserve0 - out0 + in0, self.reserve1 - out1 + in1
        if (balance0 * BPS - in0 * self.fee_bps) * (balance1 * BPS - in1 * self.fee_bps) < self.k * BPS**2:
            raise PairError("UniswapV2: K")
        self.sync(balance0, balance1)

    def sync(self, balance0: int, balance1: int) -> None:
        if max(balance0, balance1) >= 2**112:
            raise PairError("UniswapV2: OVERFLOW")
        self.reserve0, self.reserve1 = balance0, balance1

    def _mint_fee(self) -> None:
        liquidity = self.protocol_liquidity()
        self.supply += liquidity
        self.protocol += liquidity

    def _remember_k(self) -> None:
        self.k_last = self.k if self.fee_on else 0
