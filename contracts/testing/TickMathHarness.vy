# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title tick_math as a contract
@license MIT
"""

from contracts.modules import tick_math

# No tick
NONSENSE: constant(int256) = 2**22


@external
@pure
@reentrant
def sqrt_ratio_at_tick(tick: int256) -> uint256:
    return tick_math._sqrt_ratio_at_tick(tick)


@external
@pure
@reentrant
def tick_at_sqrt_ratio(sqrt_ratio: uint256) -> int256:
    return tick_math._tick_at_sqrt_ratio(sqrt_ratio)


@external
@pure
@reentrant
def around(first: int256, count: uint256) -> DynArray[uint256, 2048]:
    """
    @notice For each of `count` ticks, from `first` on, what the module says at the tick and beside it
    @dev Both ways to the tick of a ratio have to agree
    @return ratio of the tick 160 | 0, 24 bits | tick at ratio - 1, 24 | at ratio, 24 | at ratio + 1, 24; zero bits where that is out of range
    """
    answers: DynArray[uint256, 2048] = []
    for i: uint256 in range(count, bound=2048):
        tick: int256 = first + convert(i, int256)
        ratio: uint256 = tick_math._sqrt_ratio_at_tick(tick)
        answer: uint256 = ratio << 96
        for step: uint256 in range(3):
            beside: uint256 = ratio + step - 1
            if beside >= tick_math.MIN_SQRT_RATIO and beside < tick_math.MAX_SQRT_RATIO:
                at: int256 = tick_math._tick_at_sqrt_ratio(beside)
                # From near and from afar
                if at != tick_math._tick_near(beside, tick) or at != tick_math._tick_near(beside, -tick):
                    at = NONSENSE
                answer |= ((convert(convert(at, bytes32), uint256) << 232) >> 232) << (24 * (2 - step))
        answers.append(answer)
    return answers


@external
@pure
@reentrant
def ticks_at(sqrt_ratios: DynArray[uint256, 2048], near: int256) -> DynArray[int256, 2048]:
    """
    @notice The tick of each ratio, NONSENSE where the two ways to it do not agree
    """
    ticks: DynArray[int256, 2048] = []
    for sqrt_ratio: uint256 in sqrt_ratios:
        tick: int256 = tick_math._tick_at_sqrt_ratio(sqrt_ratio)
        ticks.append(tick if tick == tick_math._tick_near(sqrt_ratio, near) else NONSENSE)
    return ticks
