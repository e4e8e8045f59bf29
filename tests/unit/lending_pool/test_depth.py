"""What an account may owe, by depth, and the caps on what all accounts count together (LEND-09, LEND-10).

Prices: ETH 200, BTC 20,000, USD 1. `World` refuses where the ledger refuses, in the same words.
"""

import boa
import pytest

from plimsoll.reference.pool import MAX, WAD, Refused
from tests.pool_world import World

ETH = 10**18
BTC = 10**8
USD = 10**6
OFF = 1


def supply_and_enable(world: World, amount: int, name: str = "borrower", asset: str = "ETH") -> None:
    world.supply(name, asset, amount)
    world.enable(name, asset)


# ---------------------------------------------------------------- values


def test_borrow__by_depth__counts_what_a_sale_brings(world: World) -> None:
    """100 ETH, 20,000, on a depth of 200,000: 20,000 / 1.1^2 = 16,528.93; at 75 % and 80 % 9,917.36 of it."""
    world.set_depth("ETH", 200_000 * WAD)
    supply_and_enable(world, 100 * ETH)
    with pytest.raises(Refused, match="pool: over limit"):
        world.borrow("borrower", "USD", 9_917_355_372)
    world.borrow("borrower", "USD", 9_917_355_371)
    world.check()


def test_borrow__off__counts_the_face_value_and_has_no_cap(world: World) -> None:
    world.set_depth("ETH", 1_000 * WAD)
    world.set_depth_mode("ETH", OFF)
    supply_and_enable(world, 100 * ETH)
    world.borrow("borrower", "USD", 12_000 * USD)
    world.check()


@pytest.mark.parametrize("depth", [None, 2**112, MAX - 1])
def test_borrow__depth_that_nothing_limits__counts_the_face_value(world: World, depth: int | None) -> None:
    world.set_depth("ETH", depth)
    supply_and_enable(world, 100 * ETH)
    with pytest.raises(Refused, match="pool: over limit"):
        world.borrow("borrower", "USD", 12_000 * USD + 1)
    world.borrow("borrower", "USD", 12_000 * USD)
    world.check()


def test_borrow__depth_just_below_no_limit__counts_nearly_the_face_value(world: World) -> None:
    """The largest numbers that the formulas meet."""
    world.set_depth("ETH", 2**112 - 1)
    world.set_depth("USD", 2**112 - 1)
    supply_and_enable(world, 100 * ETH)
    with pytest.raises(Refused, match="pool: over limit"):
        world.borrow("borrower", "USD", 12_000 * USD)
    world.borrow("borrower", "USD", 12_000 * USD - 1)
    world.check()


def test_borrow__debt_by_depth__counts_what_it_costs_to_buy_back(world: World) -> None:
    """On a depth of 400,000, 11,650.485436 cost 12,000: what 100 ETH, 20,000, allow at 75 % and 80 %."""
    world.set_depth("USD", 400_000 * WAD)
    supply_and_enable(world, 100 * ETH)
    world.borrow("borrower", "USD", 10_000 * USD)
    with pytest.raises(Refused, match="pool: over limit"):
        world.borrow("borrower", "USD", 1_650_485_437)
    world.borrow("borrower", "USD", 1_650_485_436)
    world.check()


def test_withdraw__by_depth__leaves_what_the_debt_needs(world: World) -> None:
    world.set_depth("ETH", 200_000 * WAD)
    supply_and_enable(world, 100 * ETH)
    world.borrow("borrower", "USD", 9_000 * USD)
    # 15,000 needed: 88.57 ETH are worth 14,951 on this depth, 89.5 15,080
    with pytest.raises(Refused, match="pool: over limit"):
        world.withdraw("borrower", "ETH", 1143 * ETH // 100)
    world.withdraw("borrower", "ETH", 105 * ETH // 10)
    world.check()


def test_withdraw__another_debt_beyond_the_depth__reverts_until_it_is_repaid(world: World) -> None:
    supply_and_enable(world, 100 * ETH)
    world.borrow("borrower", "USD", 1_000 * USD)
    for depth, refusal in ((0, "beyond depth"), (1_000 * WAD, "beyond depth"), (1_001 * WAD, "over limit")):
        world.set_depth("USD", depth)
        with pytest.raises(Refused, match=f"pool: {refusal}"):
            world.withdraw("borrower", "ETH", ETH)
        with pytest.raises(Refused, match=f"pool: {refusal}"):
            world.enable("borrower", "ETH", False)
        with pytest.raises(Refused, match=f"pool: {refusal}"):
            world.borrow("borrower", "BTC", BTC // 100)
    world.set_depth_mode("USD", OFF)
    world.withdraw("borrower", "ETH", ETH)
    world.set_depth_mode("USD", 0)
    world.repay("borrower", "USD", 500 * USD)
    world.withdraw("borrower", "ETH", ETH)
    world.check()


def test_minimum_debt__at_face_value__whatever_it_costs_to_buy_back(world: World) -> None:
    """By depth 99 would cost 102.4."""
    world.set_depth("USD", 3_000 * WAD)
    supply_and_enable(world, 100 * ETH)
    with pytest.raises(Refused, match="pool: below minimum debt"):
        world.borrow("borrower", "USD", 99 * USD)
    world.borrow("borrower", "USD", 100 * USD)


def test_depth_zero__collateral_counts_nothing_and_debt_cannot_be_taken(world: World) -> None:
    world.set_depth("ETH", 0)
    supply_and_enable(world, 100 * ETH)
    with pytest.raises(Refused, match="pool: collateral cap"):
        world.borrow("borrower", "USD", 100 * USD)
    world.set_depth("ETH", None)
    world.set_depth("USD", 0)
    with pytest.raises(Refused, match="pool: debt cap"):
        world.borrow("borrower", "USD", 100 * USD)


# ---------------------------------------------------------------- caps on collateral


def test_collateral_cap__first_borrow__of_all_accounts_together(world: World) -> None:
    """LTV 75, bonus 10 %: 10.0964 % of 1,000,000 is 100,963.75, 504.8 ETH."""
    world.set_depth("ETH", 1_000_000 * WAD)
    supply_and_enable(world, 300 * ETH)
    supply_and_enable(world, 205 * ETH, "attacker")
    world.borrow("borrower", "USD", 100 * USD)
    with pytest.raises(Refused, match="pool: collateral cap"):
        world.borrow("attacker", "USD", 100 * USD)
    world.withdraw("attacker", "ETH", ETH // 4)
    world.borrow("attacker", "USD", 100 * USD)
    world.check()


@pytest.mark.parametrize(
    ("ltv", "bonus", "cap"),
    [(6_500, 11_000, 182_624), (7_500, 11_000, 100_963), (8_500, 11_000, 34_175), (5_000, 11_000, 182_624), (0, 10_000, 240_347)],
)
def test_collateral_cap__by_ltv_and_bonus__as_in_the_design(world: World, ltv: int, bonus: int, cap: int) -> None:
    """18.26, 10.1 and 3.4 % of the depth; an LTV below 65 % counts as that. In whole units of a token at 1, on a million."""
    world.add("T", decimals=6, price=1, ltv=ltv, bonus=bonus)
    world.seed("keeper", "T", USD)
    world.set_depth("T", 1_000_000 * WAD)
    supply_and_enable(world, 100 * ETH)
    world.borrow("borrower", "USD", 100 * USD)
    world.supply("borrower", "T", (cap + 1) * USD)
    with pytest.raises(Refused, match="pool: collateral cap"):
        world.enable("borrower", "T")
    world.withdraw("borrower", "T", USD)
    world.enable("borrower", "T")
    world.check()


def test_collateral_cap__supply_of_what_is_enabled__by_anybody(world: World) -> None:
    world.set_depth("ETH", 1_000_000 * WAD)
    supply_and_enable(world, 500 * ETH)
    world.borrow("borrower", "USD", 100 * USD)
    for by in ("borrower", "lender"):
        with pytest.raises(Refused, match="pool: collateral cap"):
            world.supply(by, "ETH", 5 * ETH, "borrower")
    world.supply("lender", "ETH", 4 * ETH, "borrower")
    # what does not count is not capped
    world.supply("lender", "ETH", 1_000 * ETH)
    world.check()


def test_collateral_cap__after_a_fall_of_depth__binds_only_what_raises(world: World) -> None:
    """Above its cap: repay, withdraw and disable go on; borrow, supply and enable wait."""
    world.open("borrower", "ETH", 400 * ETH, "USD", 1_000 * USD)
    supply_and_enable(world, 10 * BTC, asset="BTC")
    world.set_depth("ETH", 100_000 * WAD)
    with pytest.raises(Refused, match="pool: collateral cap"):
        world.borrow("borrower", "USD", 10 * USD)
    for by, amount in (("borrower", 1), ("lender", ETH)):
        with pytest.raises(Refused, match="pool: collateral cap"):
            world.supply(by, "ETH", amount, "borrower")
    world.withdraw("borrower", "ETH", 10 * ETH)
    world.repay("borrower", "USD", 100 * USD)
    world.enable("borrower", "ETH", False)
    world.borrow("borrower", "USD", 10 * USD)
    with pytest.raises(Refused, match="pool: collateral cap"):
        world.enable("borrower", "ETH")
    world.withdraw("borrower", "ETH", 385 * ETH)
    world.enable("borrower", "ETH")
    world.check()


def test_collateral_cap__enabling_what_is_empty__raises_nothing(world: World) -> None:
    world.open("attacker", "ETH", 400 * ETH, "USD", 1_000 * USD)
    supply_and_enable(world, BTC, asset="BTC")
    world.borrow("borrower", "USD", 100 * USD)
    world.set_depth("ETH", 1_000 * WAD)
    world.enable("borrower", "ETH")
    world.borrow("borrower", "USD", 100 * USD)
    with pytest.raises(Refused, match="pool: collateral cap"):
        world.supply("borrower", "ETH", ETH)
    world.check()


def test_collateral_cap__another_collateral_of_the_account__does_not_matter_once_disabled(world: World) -> None:
    world.set_depth("ETH", 1_000 * WAD)
    supply_and_enable(world, 100 * ETH)
    supply_and_enable(world, BTC, asset="BTC")
    with pytest.raises(Refused, match="pool: collateral cap"):
        world.borrow("borrower", "USD", 100 * USD)
    world.enable("borrower", "ETH", False)
    world.borrow("borrower", "USD", 100 * USD)
    world.check()


def test_collateral_cap__of_collateral_that_may_not_be_lent_against__counts_all_the_same(world: World) -> None:
    """Its flag clears later; by then it would be in."""
    world.set_band("ETH", 200 * WAD, 200 * WAD, why=64, depth=1_000 * WAD)
    supply_and_enable(world, 100 * ETH)
    supply_and_enable(world, BTC, asset="BTC")
    with pytest.raises(Refused, match="pool: collateral cap"):
        world.borrow("borrower", "USD", 100 * USD)


def test_collateral_cap__at_the_low_price_and_with_interest(world: World) -> None:
    world.open("attacker", "BTC", 10 * BTC, "ETH", 500 * ETH)
    supply_and_enable(world, 500 * ETH)
    world.borrow("borrower", "USD", 100 * USD)
    # 100,963 at 200 are 504.8 ETH; at 201.9 they are 500.06
    world.set_band("ETH", 2019 * WAD // 10, 300 * WAD, depth=1_000_000 * WAD)
    world.borrow("borrower", "USD", 10 * USD)
    world.travel(400 * 86_400)
    with pytest.raises(Refused, match="pool: collateral cap"):
        world.borrow("borrower", "USD", 10 * USD)
    world.check()


# ---------------------------------------------------------------- caps on debt


def test_debt_cap__all_debt_of_the_reserve__at_high(world: World) -> None:
    """LTV 85, bonus 10 %: 3.4175 % of a million."""
    world.set_band("USD", WAD, 2 * WAD, depth=1_000_000 * WAD)
    supply_and_enable(world, 400 * ETH)
    supply_and_enable(world, 400 * ETH, "attacker")
    world.borrow("borrower", "USD", 10_000 * USD)
    with pytest.raises(Refused, match="pool: debt cap"):
        world.borrow("attacker", "USD", 7_088 * USD)
    world.borrow("attacker", "USD", 7_087 * USD)
    world.check()


def test_debt_cap__after_a_fall_of_depth__binds_only_borrowing(world: World) -> None:
    supply_and_enable(world, 400 * ETH)
    world.borrow("borrower", "USD", 10_000 * USD)
    world.set_depth("USD", 100_000 * WAD)
    with pytest.raises(Refused, match="pool: debt cap"):
        world.borrow("borrower", "USD", 1)
    world.withdraw("borrower", "ETH", 100 * ETH)
    world.supply("borrower", "ETH", 10 * ETH)
    world.borrow("borrower", "BTC", BTC // 10)
    world.repay("borrower", "USD", 7_000 * USD)
    world.borrow("borrower", "USD", 400 * USD)
    world.check()


def test_new_risk__another_debt_larger_than_its_market__cannot_be_counted(world: World) -> None:
    """What it costs to buy back a debt has no number once the market does not have so much: 1,000 of debt, and 1,000 of depth."""
    supply_and_enable(world, 400 * ETH)
    world.borrow("borrower", "USD", 1_000 * USD)
    world.set_depth("USD", 1_000 * WAD)
    for act in (lambda: world.withdraw("borrower", "ETH", ETH), lambda: world.borrow("borrower", "BTC", BTC // 10)):
        with pytest.raises(Refused, match="pool: beyond depth"):
            act()
    # one unit more, and it costs a million; repay and supply ask nobody
    world.set_depth("USD", 1_001 * WAD)
    with pytest.raises(Refused, match="pool: over limit"):
        world.withdraw("borrower", "ETH", ETH)
    world.set_depth("USD", 1_000 * WAD)
    world.supply("borrower", "ETH", ETH)
    world.repay("borrower", "USD", MAX)
    world.withdraw("borrower", "ETH", MAX)
    world.check()


def test_debt_cap__off__there_is_none(world: World) -> None:
    world.set_depth("USD", 1_000 * WAD)
    world.set_depth_mode("USD", OFF)
    supply_and_enable(world, 400 * ETH)
    world.borrow("borrower", "USD", 10_000 * USD)
    world.set_depth_mode("USD", 0)
    with pytest.raises(Refused, match="pool: debt cap"):
        world.borrow("borrower", "USD", 100 * USD)


def test_caps__prices_beyond_all_numbers__block_new_risk_and_nothing_else(world: World) -> None:
    supply_and_enable(world, 100 * ETH)
    world.borrow("borrower", "USD", 100 * USD)
    eth = world.address["ETH"]
    world.oracle.set_band(eth, (2**256 - 1,) * 6 + (2**112 - 1, 2**112 - 1, 1, 0))
    with boa.env.prank(world.address["borrower"]), boa.reverts():
        world.pool.borrow(world.address["USD"], 100 * USD, world.address["borrower"])
    world.repay("borrower", "USD", MAX)
    world.withdraw("borrower", "ETH", MAX)
