# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title bounded_calls
@license MIT
@notice Questions to contracts that may revert, burn gas or answer nonsense: none of it is fatal
@dev An answer that is not of the length that was expected is none. Gas and length of an answer are bounded.

     Whoever calls us must not be able to choose that a source is silent. A call gets at most 63/64 of the gas there is, and when it
     fails for want of gas the rest is left: if that is so little, we revert instead of taking it for a failure.
"""

# ---------------------------------------------------------------- imports

# errors in few bytes
from contracts.modules import reasons

# ---------------------------------------------------------------- constants

# Plenty for a balance, a feed behind a proxy, or a token's decimals
QUESTION_GAS: constant(uint256) = 200_000

# ---------------------------------------------------------------- internals


@internal
@view
def _ask_word(target: address, data: Bytes[36]) -> (bool, uint256):
    """
    @notice (there is an answer of one word, the word)
    """
    success: bool = False
    answer: Bytes[64] = b""
    success, answer = raw_call(target, data, max_outsize=64, gas=QUESTION_GAS, is_static_call=True, revert_on_failure=False)
    if success and len(answer) == 32:
        return True, abi_decode(answer, uint256)
    self._check_gas(success, QUESTION_GAS)
    return False, 0


@internal
@view
def _check_gas(success: bool, given: uint256):
    if not success and msg.gas <= unsafe_div(given, 63):
        reasons._refuse("oracle: not enough gas")
