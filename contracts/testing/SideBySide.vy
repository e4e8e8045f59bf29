# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title SideBySide
@license MIT
@notice Asks two pools the same questions and finds the first that they answer differently
@dev For tests only.
"""

# Of each question: a selector and three words, or fewer and zeros, which do no harm
SIZE: constant(uint256) = 100
MAX_QUESTIONS: constant(uint256) = 600


interface Token:
    def balanceOf(account: address) -> uint256: view


@view
@external
def difference(
    ours: address, theirs: address, token0: address, token1: address, questions: Bytes[MAX_QUESTIONS * SIZE]
) -> (uint256, bool, Bytes[2048], bool, Bytes[2048]):
    """
    @param questions Call data, 100 bytes each
    @return 0 if all is equal; 1 + index of the first question that is answered differently (2**128, 2**129: the balances of
            token0, token1) and both answers
    """
    for token: address in [token0, token1]:
        mine: uint256 = staticcall Token(token).balanceOf(ours)
        other: uint256 = staticcall Token(token).balanceOf(theirs)
        if mine != other:
            return 2**128 if token == token0 else 2**129, True, abi_encode(mine), True, abi_encode(other)
    at: uint256 = 0
    for i: uint256 in range(MAX_QUESTIONS):
        if at == len(questions):
            break
        question: Bytes[SIZE] = slice(questions, at, SIZE)
        at += SIZE
        success: bool = False
        answer: Bytes[2048] = b""
        other_success: bool = False
        other_answer: Bytes[2048] = b""
        success, answer = raw_call(ours, question, max_outsize=2048, is_static_call=True, revert_on_failure=False)
        other_success, other_answer = raw_call(theirs, question, max_outsize=2048, is_static_call=True, revert_on_failure=False)
        if success != other_success or keccak256(answer) != keccak256(other_answer):
            return i + 1, success, answer, other_success, other_answer
    return 0, False, b"", False, b""
