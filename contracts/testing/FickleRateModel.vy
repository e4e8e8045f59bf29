# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title A rate model that answers otherwise when it is asked again within a transaction
@license MIT
@dev It is called statically and has nowhere to count: it looks at an account that nobody has looked at yet, and at what that costs.
     For tests only.
"""

# Between the price of a warm account and that of a cold one
WARM_GAS: constant(uint256) = 1_000

first_wad: uint256
then_wad: uint256


@external
def set_rates(first_wad: uint256, then_wad: uint256):
    self.first_wad = first_wad
    self.then_wad = then_wad


@external
@view
def borrow_rate_wad(utilisation_wad: uint256) -> uint256:
    # another account at each time, should the chain of the tests keep what is warm
    probe: address = convert(convert(slice(keccak256(abi_encode(self, block.timestamp)), 12, 20), bytes20), address)
    gas: uint256 = msg.gas
    balance: uint256 = probe.balance
    if unsafe_sub(gas, msg.gas) > WARM_GAS:
        return self.first_wad
    return self.then_wad
