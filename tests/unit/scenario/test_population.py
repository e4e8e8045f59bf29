"""The demo's people: the same for the same seed, spread over the whole range of usage, and no bigger than the market bears."""

import pytest

from plimsoll.population import HIGHEST_USAGE, LOWEST_USAGE, draw

WAD = 10**18


def test_draw__same_seed__same_people() -> None:
    assert draw(7, 300, 30, 195 * WAD, 6_500) == draw(7, 300, 30, 195 * WAD, 6_500)
    assert draw(7, 300, 30, 195 * WAD, 6_500) != draw(8, 300, 30, 195 * WAD, 6_500)


@pytest.mark.parametrize("ltv_bps", [1_000, 3_000, 6_500, 8_000])
@pytest.mark.parametrize("price", [WAD // 1_000, 195 * WAD, 3_400 * WAD])
def test_draw__any_market__usage_even_and_debts_above_the_minimum(ltv_bps: int, price: int) -> None:
    people = draw(1, 300, 30, price, ltv_bps)
    assert len({b.address for b in people.borrowers}) == 300
    usages = []
    for b in people.borrowers:
        capacity = b.collateral_wei * price * ltv_bps // (WAD * 10_000)
        usages.append(b.debt_wad * 1_000_000 // capacity)
        assert b.debt_wad > 105 * WAD
    usages.sort()
    assert min(usages) >= LOWEST_USAGE
    assert max(usages) <= HIGHEST_USAGE - 2_000
    # every tenth of the range holds a tenth of them
    width = (HIGHEST_USAGE - LOWEST_USAGE) / 10
    for i in range(10):
        inside = sum(LOWEST_USAGE + i * width <= u < LOWEST_USAGE + (i + 1) * width for u in usages)
        assert 27 <= inside <= 33


def test_draw__lenders_and_depth__carry_the_borrowers() -> None:
    people = draw(1, 300, 30, 195 * WAD, 6_500)
    deposits = sum(lender.deposit_wad for lender in people.lenders)
    assert deposits * 75 // 100 >= people.debt_wad
    assert deposits * 74 // 100 < people.debt_wad
    assert all(lender.deposit_wad % WAD == 0 for lender in people.lenders)
    # the collateral is at most 18 % of a side of the pair
    assert people.collateral_wei * 195 <= people.depth_wad * 18 // 100
    assert people.collateral_wei * 195 > people.depth_wad * 17 // 100


def test_draw__nobody__refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        draw(1, 0, 30, 195 * WAD, 6_500)
