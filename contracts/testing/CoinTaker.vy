# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title CoinTaker
@license MIT
@notice Makes any call for anybody, and takes any coin that it is sent
@dev For tests only: what a thief would call a router with.
"""


@external
@payable
def __default__():
    pass


@external
@raw_return
def make(target: address, payload: Bytes[2048]) -> Bytes[512]:
    """
    @notice Make a call as this contract; its answer, or its failure, is this call's
    """
    return raw_call(target, payload, max_outsize=512)
