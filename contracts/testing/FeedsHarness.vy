# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title feeds as a contract
@license MIT
"""

from interfaces import IPriceOracle

from contracts.modules import feeds


@external
@pure
@reentrant
def word(
    feed: address,
    heartbeat: uint256,
    decimals: uint256,
    asset_decimals: uint256,
    quote_decimals: uint256,
    min_answer: uint256,
    max_answer: uint256,
) -> uint256:
    return feeds._word(feed, heartbeat, decimals, asset_decimals, quote_decimals, min_answer, max_answer)


@external
@pure
@reentrant
def fields(word: uint256) -> (uint256, uint256, uint256, uint256):
    """
    @notice (heartbeat, decimals of the quote, min_answer, max_answer)
    """
    least: uint256 = 0
    most: uint256 = 0
    least, most = feeds._bounds(word)
    return feeds._heartbeat(word), feeds._quote_decimals(word), least, most


@external
@view
@reentrant
def price(word: uint256) -> (uint256, IPriceOracle.Why):
    return feeds._price(word)
