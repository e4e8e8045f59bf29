"""What the Status Monitor advises, against the contracts' own formulas."""

from hypothesis import assume, given
from hypothesis import strategies as st

from plimsoll import monitor, words
from plimsoll.monitor import Account, Position

WAD = 10**18
USD, ETH = 10**30, 200 * WAD


def position(symbol: str, decimals: int, amount: int, price: int, ltv_bps: int, fixed: bool) -> Position:
    value = monitor.value_down(amount, price) if ltv_bps else monitor.value_up(amount, price)
    return Position(f"0x{symbol}", symbol, decimals, amount, value, price, ltv_bps, 0, fixed)


def account(collaterals: list[Position], debts: list[Position]) -> Account:
    capacity = monitor.capacity_of([(c.amount, c.price, c.ltv_bps) for c in collaterals])
    debt = sum(d.value_wad for d in debts)
    usage = words.usage_wad(debt, capacity)
    return Account("0xa", usage, words.stage(usage), capacity, debt, capacity * 8 // 10, debt, 0, tuple(collaterals), tuple(debts))


def ether(amount: int, price: int = ETH) -> Position:
    return position("ETH", 18, amount, price, 6_500, False)


def dollars(amount: int) -> Position:
    return position("USD", 6, amount, USD, 0, True)


prices = st.integers(1, 10**24)


def mixed(ethers: int, dollars_supplied: int, owed: int, gold: int, price: int) -> Account:
    supplied = position("USD", 6, dollars_supplied, USD, 6_500, True)
    return account([ether(ethers, price), supplied], [dollars(owed), position("GOLD", 8, gold, 10**27, 0, False)])


raw = st.integers(0, 10**12)
accounts = st.builds(mixed, st.integers(0, 10**22), raw, st.integers(1, 10**12), raw, prices)


def usage_after(a: Account, collaterals: list[tuple[int, int, int]], debts: list[tuple[int, int]]) -> int:
    return words.usage_wad(sum(monitor.value_up(x, p) for x, p in debts), monitor.capacity_of(collaterals))


@given(accounts)
def test_repay_to_safe__any_account__enough_and_hardly_more(a: Account) -> None:
    remedy = monitor.repay_to_safe(a)
    if a.usage_wad <= monitor.SAFE_WAD:
        assert remedy is None
        return
    kept = [(c.amount, c.price, c.ltv_bps) for c in a.collaterals]
    largest = max(a.debts, key=lambda d: d.value_wad)
    others = [(d.amount, d.price) for d in a.debts if d is not largest]
    if remedy is None:
        # all of the largest debt is not enough
        assert usage_after(a, kept, others) > monitor.SAFE_WAD
        return
    assert remedy.position is largest
    assert 0 < remedy.amount <= largest.amount
    assert usage_after(a, kept, [*others, (largest.amount - remedy.amount, largest.price)]) <= monitor.SAFE_WAD
    if 2 < remedy.amount < largest.amount:
        assert usage_after(a, kept, [*others, (largest.amount - remedy.amount + 2, largest.price)]) > monitor.SAFE_WAD


@given(accounts)
def test_add_to_safe__any_account__enough_and_hardly_more(a: Account) -> None:
    remedy = monitor.add_to_safe(a)
    if a.usage_wad <= monitor.SAFE_WAD:
        assert remedy is None
        return
    assert remedy is not None
    debts = [(d.amount, d.price) for d in a.debts]

    def after(amount: int) -> int:
        kept = [(c.amount + (amount if c is remedy.position else 0), c.price, c.ltv_bps) for c in a.collaterals]
        return usage_after(a, kept, debts)

    assert after(remedy.amount) <= monitor.SAFE_WAD
    assert after(remedy.amount - 2) > monitor.SAFE_WAD


@given(accounts)
def test_moves__price_moves_so_far__due_and_not_before(a: Account) -> None:
    for m in monitor.moves(a):
        p = m.position
        if p in a.collaterals:
            assume(p.value_wad > 10**9)
            assert -WAD <= m.change_wad < 0
            others = [c for c in a.collaterals if c is not p]
            for change, is_due in ((m.change_wad, True), (m.change_wad + max(-m.change_wad // 10**4, 10), False)):
                value = p.value_wad * (WAD + change) // WAD
                capacity = (value * p.ltv_bps + sum(c.value_wad * c.ltv_bps for c in others)) // 10_000
                # an account that is due at a fall of nearly nothing has no "before"
                if is_due or change < -(10**6):
                    assert (a.debt >= capacity) == is_due
        else:
            assert m.change_wad > 0
            assert a.debt + p.value_wad * m.change_wad // WAD >= a.capacity


def test_moves__fixed_prices_only__none() -> None:
    assert monitor.moves(account([position("USD", 6, 10**9, USD, 6_500, True)], [dollars(10**8)])) == []


def test_moves__known_case__22_percent() -> None:
    a = account([ether(10 * WAD)], [dollars(1_014 * 10**6)])
    assert [(m.position.symbol, m.change_wad) for m in monitor.moves(a)] == [("ETH", -22 * WAD // 100)]
    assert a.stage == words.CAUTION
    repay, add = monitor.repay_to_safe(a), monitor.add_to_safe(a)
    assert repay is not None
    assert add is not None
    # 60 % of 1,300 may stay: 780
    assert repay.amount == 234 * 10**6 + 1
    # 1,014 / 0.6 = 1,690 of capacity, 390 more, 3 ether at 200 and 65 %; usage rounds down, which spares some wei
    assert 3 * WAD - 100 < add.amount <= 3 * WAD
    assert a.room_wad == 26 * WAD


def test_moves__already_due_or_without_debt__none() -> None:
    assert monitor.moves(account([ether(WAD)], [dollars(130 * 10**6)])) == []
    assert monitor.moves(account([ether(WAD)], [])) == []


def test_add_to_safe__no_collateral__none() -> None:
    a = account([], [dollars(10**6)])
    assert a.stage == words.LIQUIDATION
    assert monitor.add_to_safe(a) is None
    assert monitor.repay_to_safe(a) is not None


def test_figures__blocked_debt__in_words_and_no_room() -> None:
    a = account([ether(10 * WAD)], [dollars(100 * 10**6)])
    blocked = Account(**{**vars(a), "blocked": 64})
    found = monitor.figures(blocked)
    assert found["room_wad"] == "0"
    assert found["blocked"] == ["its price moves too fast: low and high are more than 25 % apart"]
