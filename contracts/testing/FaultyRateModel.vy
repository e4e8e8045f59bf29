# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title A rate model that answers what it is told, or fails in the way that it is told
@license MIT
"""

REVERTS: constant(uint256) = 1
BURNS_GAS: constant(uint256) = 2
ANSWERS_NOTHING: constant(uint256) = 4
ANSWERS_TOO_LONG: constant(uint256) = 8
ANSWERS_TOO_SHORT: constant(uint256) = 16

fault: public(uint256)
rate_wad: public(uint256)


@external
def set_fault(fault: uint256):
    self.fault = fault


@external
def set_rate(rate_wad: uint256):
    self.rate_wad = rate_wad


@external
@view
@raw_return
def borrow_rate_wad(utilisation_wad: uint256) -> Bytes[64]:
    if self.fault == REVERTS:
        # one word of revert data: not to be taken for an answer
        raw_revert(abi_encode(self.rate_wad))
    if self.fault == BURNS_GAS:
        for _: uint256 in range(10**9):
            pass
    if self.fault == ANSWERS_NOTHING:
        return b""
    if self.fault == ANSWERS_TOO_LONG:
        return abi_encode(self.rate_wad, self.rate_wad)
    if self.fault == ANSWERS_TOO_SHORT:
        return slice(abi_encode(self.rate_wad), 0, 31)
    return abi_encode(self.rate_wad)
