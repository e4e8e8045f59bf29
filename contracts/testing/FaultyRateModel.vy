# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title A rate model that answers what it is told, or fails in the way that it is told
@license MIT
"""

flag Fault:
    REVERTS
    BURNS_GAS
    ANSWERS_NOTHING
    ANSWERS_TOO_LONG
    ANSWERS_TOO_SHORT

fault: public(Fault)
rate_wad: public(uint256)


@external
def set_fault(fault: Fault):
    self.fault = fault


@external
def set_rate(rate_wad: uint256):
    self.rate_wad = rate_wad


@external
@view
@raw_return
def borrow_rate_wad(utilisation_wad: uint256) -> Bytes[64]:
    if self.fault == Fault.REVERTS:
        # one word of revert data: not to be taken for an answer
        raw_revert(abi_encode(self.rate_wad))
    if self.fault == Fault.BURNS_GAS:
        for _: uint256 in range(10**9):
            pass
    if self.fault == Fault.ANSWERS_NOTHING:
        return b""
    if self.fault == Fault.ANSWERS_TOO_LONG:
        return abi_encode(self.rate_wad, self.rate_wad)
    if self.fault == Fault.ANSWERS_TOO_SHORT:
        return slice(abi_encode(self.rate_wad), 0, 31)
    return abi_encode(self.rate_wad)
