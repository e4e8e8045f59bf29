# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title Swaps on a pair and reads the oracle in the middle of it, while the pair's balances and reserves disagree
@license MIT
"""

# ---------------------------------------------------------------- imports

from interfaces import IPriceOracle

# ---------------------------------------------------------------- types

interface Pair:
    def swap(amount0_out: uint256, amount1_out: uint256, to: address, data: Bytes[32]): nonpayable


interface Token:
    def transfer(to: address, amount: uint256) -> bool: nonpayable


# ---------------------------------------------------------------- storage

oracle: IPriceOracle
asset: address
token_in: address
amount_in: uint256

# What was read inside
band: public(IPriceOracle.Band)
liquidation_high: public(uint256)
liquidation_low: public(uint256)
low: public(uint256)
high: public(uint256)
depth: public(uint256)

# ---------------------------------------------------------------- constructor


@deploy
def __init__(oracle: address, asset: address):
    self.oracle = IPriceOracle(oracle)
    self.asset = asset


# ---------------------------------------------------------------- external, state-changing


@external
def swap(pair: address, amount0_out: uint256, amount1_out: uint256, token_in: address, amount_in: uint256):
    self.token_in = token_in
    self.amount_in = amount_in
    extcall Pair(pair).swap(amount0_out, amount1_out, self, b"read")


@external
@reentrant
def uniswapV2Call(sender: address, amount0: uint256, amount1: uint256, data: Bytes[32]):
    """
    @dev Before the writing functions, so that the view is not answered from their cache
    """
    self.band = staticcall self.oracle.band(self.asset)
    why: IPriceOracle.Why = empty(IPriceOracle.Why)
    fresh_low: uint256 = 0
    fresh_high: uint256 = 0
    self.low, self.high, self.depth, why = extcall self.oracle.new_risk_prices(self.asset)
    self.liquidation_high, self.liquidation_low, fresh_low, fresh_high = extcall self.oracle.liquidation_prices(self.asset)
    extcall Token(self.token_in).transfer(msg.sender, self.amount_in)
