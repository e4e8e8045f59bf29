"""Nobody gains from being first, from gifts, from calling back, or from a flash loan."""

from typing import Any

import boa
import pytest

from plimsoll.reference.pool import MAX
from tests.pool_world import World
from tests.unit.reserve_vault.conftest import USD, vault_over
from tests.vault_world import VaultWorld

# Borrows for a flash, and in the middle of it looks what the vault says, tries it, and goes through the vault with what it holds
FLASH = """
# pragma version 0.4.3
from ethereum.ercs import IERC20
from ethereum.ercs import IERC4626

interface Pool:
    def flashLoan(receiver: address, token: address, amount: uint256, data: Bytes[64]) -> bool: nonpayable

pool: address
vault: address
owner: address
max_withdraw: public(uint256)
max_redeem: public(uint256)
taken: public(bool)
there_and_back: public(bool)

@external
def run(pool: address, vault: address, owner: address, token: address, amount: uint256, there_and_back: bool):
    self.pool = pool
    self.vault = vault
    self.owner = owner
    self.there_and_back = there_and_back
    extcall Pool(pool).flashLoan(self, token, amount, b"")

@external
def onFlashLoan(initiator: address, token: address, amount: uint256, fee: uint256, data: Bytes[64]) -> bytes32:
    self.max_withdraw = staticcall IERC4626(self.vault).maxWithdraw(self.owner)
    self.max_redeem = staticcall IERC4626(self.vault).maxRedeem(self.owner)
    self.taken = raw_call(
        self.vault,
        abi_encode(self.max_withdraw + 1, self.owner, self.owner, method_id=method_id("withdraw(uint256,address,address)")),
        revert_on_failure=False,
    )
    if self.there_and_back:
        extcall IERC20(token).approve(self.vault, max_value(uint256))
        extcall IERC4626(self.vault).deposit(amount, self)
        extcall IERC4626(self.vault).redeem(staticcall IERC20(self.vault).balanceOf(self), self, self)
    extcall IERC20(token).approve(self.pool, max_value(uint256))
    return keccak256("ERC3156FlashBorrower.onFlashLoan")
"""

ROUTES = ("tokens to the vault", "tokens to the pool", "supply for the vault", "pool shares to the vault")


# ---------------------------------------------------------------- the first depositor


@pytest.fixture(scope="module")
def empty() -> VaultWorld:
    """A reserve of 18 decimals with the smallest seed there can be, and a vault in which nobody has anything."""
    world = World()
    world.add("BTC")
    world.add("ETH")
    world.seed("keeper", "ETH", 10**15)
    return VaultWorld(world, "ETH")


def wealth(v: VaultWorld, name: str) -> int:
    """Tokens, the worth of pool shares, and that of the vault's shares, as the contracts tell it."""
    address, token = v.world.address[name], v.world.token[v.asset]
    return int(token.balanceOf(address) + v.world.pool.supply_of(address, token.address) + v.vault.convertToAssets(v.vault.balanceOf(address)))


def give(v: VaultWorld, route: str, amount: int) -> None:
    """Out of the attacker's own pocket."""
    token, pool, vault = v.world.token[v.asset], v.world.pool, v.vault
    with boa.env.prank(v.world.address["attacker"]):
        if route == "tokens to the vault":
            token.transfer(vault.address, amount)
        elif route == "tokens to the pool":
            token.transfer(pool.address, amount)
        elif route == "supply for the vault":
            pool.supply(token.address, amount, vault.address)
        else:
            pool.supply(token.address, amount, v.world.address["attacker"])
            pool.transfer_shares(token.address, MAX, vault.address)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("first, gift, victims", [(1, 10**18, 10**18), (1, 10**18 + 1, 10**18), (1, 10**24, 10**18), (10**6, 10**15, 2)])
def test_first_depositor__inflates_with_gifts__loses_them_all(empty: VaultWorld, route: str, first: int, gift: int, victims: int) -> None:
    """Hundred, Sonne, Onyx: a share of one unit, a gift that makes it dear, a deposit that rounds to nothing."""
    v = empty.copy()
    start = first + gift
    v.world.mint("attacker", "ETH", start)
    attacker, victim, token = v.world.address["attacker"], v.world.address["lender"], v.world.token["ETH"]
    with boa.env.prank(attacker):
        v.vault.deposit(first, attacker)
    give(v, route, gift)
    v.world.mint("lender", "ETH", victims)
    with boa.env.prank(victim):
        v.vault.deposit(victims, victim)
    assert v.vault.convertToAssets(v.vault.balanceOf(victim)) >= victims - 1
    with boa.env.prank(attacker):
        v.vault.redeem(v.vault.maxRedeem(attacker), attacker, attacker)
    profit = token.balanceOf(attacker) - start
    assert profit < 0
    assert -gift - 1 <= profit <= -gift
    with boa.env.prank(victim):
        v.vault.redeem(v.vault.balanceOf(victim), victim, victim)
    assert token.balanceOf(victim) >= victims - 1


@pytest.mark.parametrize("route", ROUTES)
def test_gift__to_a_vault_that_one_owns_in_part__comes_back_in_no_part(v: VaultWorld, route: str) -> None:
    """With nine tenths of all shares a gift would nearly come back, were it shared out."""
    v.deposit("attacker", 9_000_000 * USD)
    v.world.mint("attacker", "USD", 10**12)
    before = wealth(v, "attacker")
    others = wealth(v, "lender")
    give(v, route, 10**12)
    v.vault.sweep()
    # a unit: what a supply to the pool leaves to everybody when it rounds, seen by who was just below the next one
    assert before - 10**12 <= wealth(v, "attacker") <= before - 10**12 + 1
    assert others <= wealth(v, "lender") <= others + 1


@pytest.mark.parametrize("amount", [1, 2, 3, 999, 10**6 + 1, 10**12])
def test_there_and_back__any_path__brings_nothing(v: VaultWorld, amount: int) -> None:
    """Each way in with each way out; the attacker may do it a hundred times."""
    for way_in in (v.deposit, v.mint):
        for way_out in ("withdraw", "redeem", "redeem_shares"):
            for _ in range(3):
                v.world.mint("attacker", "USD", 10**13)
                before = wealth(v, "attacker")
                way_in("attacker", amount if way_in == v.deposit else v.vault.previewDeposit(amount) - 1, fund=False)
                if way_out == "withdraw":
                    owned = v.max_withdraw("attacker")
                    if owned:
                        v.withdraw("attacker", owned)
                elif way_out == "redeem":
                    if v.max_redeem("attacker"):
                        v.redeem("attacker", v.max_redeem("attacker"))
                elif v.balance("attacker"):
                    v.redeem_shares("attacker", v.balance("attacker"))
                assert wealth(v, "attacker") <= before
    v.check()


# ---------------------------------------------------------------- calls from within


def calls(v: VaultWorld, name: str) -> dict[str, bytes]:
    """Everything that changes the vault or depends on its state."""
    who, vault = v.world.address[name], v.vault
    arguments = {
        "deposit": (1, who),
        "mint": (1, who),
        "withdraw": (1, who, who),
        "redeem": (10**6, who, who),
        "deposit_shares": (1, who),
        "redeem_shares": (1, who, who),
        "sweep": (),
        "transfer": (who, 1),
        "transferFrom": (who, who, 0),
        "approve": (who, 1),
        "permit": (who, who, 1, MAX, 27, bytes(32), bytes(32)),
        "totalAssets": (),
        "totalSupply": (),
        "balanceOf": (who,),
        "allowance": (who, who),
        "nonces": (who,),
        "convertToShares": (1,),
        "convertToAssets": (1,),
        "previewDeposit": (1,),
        "previewMint": (1,),
        "previewWithdraw": (1,),
        "previewRedeem": (1,),
        "maxDeposit": (who,),
        "maxMint": (who,),
        "maxWithdraw": (who,),
        "maxRedeem": (who,),
    }
    return {function: getattr(vault, function).prepare_calldata(*values) for function, values in arguments.items()}


@pytest.mark.parametrize("action", ["deposit", "mint", "withdraw", "redeem"])
def test_callback__of_the_asset__finds_the_vault_locked(reentering_token: Any, action: str) -> None:
    """The token's, or by way of the token its receiver's: neither can act, nor read what is half done."""
    v = vault_over(reentering_token)
    v.deposit("lender", 10**18)
    v.transfer("lender", "attacker", 10**20)
    for function, payload in calls(v, "attacker").items():
        v.world.mint("lender", "ODD", 10**9)
        reentering_token.arm(v.vault.address, payload, False)
        if action in ("deposit", "mint"):
            getattr(v, action)("lender", 10**8, fund=False)
        else:
            getattr(v, action)("lender", 10**8)
        assert reentering_token.called(), function
        assert not reentering_token.succeeded(), function
    for payload in (v.vault.asset.prepare_calldata(), v.vault.DOMAIN_SEPARATOR.prepare_calldata(), v.vault.decimals.prepare_calldata()):
        reentering_token.arm(v.vault.address, payload, True)
        v.withdraw("lender", 10**6)
        assert reentering_token.succeeded()
    v.check()


def test_callback__while_the_pool_pays_somebody_else__reads_no_price(reentering_token: Any) -> None:
    """A withdrawal from the pool itself: the vault is open, the pool is not, and a stale price must not be told. Nothing can be moved
    until it is done."""
    v = vault_over(reentering_token)
    v.deposit("lender", 10**18)
    v.world.supply("keeper", "ODD", 10**18)
    for function in ("maxDeposit", "maxMint", "maxWithdraw", "maxRedeem"):
        view = getattr(v.vault, function)
        assert view(v.world.address["lender"]) > 0
        reentering_token.arm(v.vault.address, view.prepare_calldata(v.world.address["lender"]), True)
        v.world.withdraw("keeper", "ODD", 10**9)
        assert reentering_token.succeeded(), function
        assert int.from_bytes(reentering_token.answer(), "big") == 0, function
    for function in ("totalAssets", "convertToAssets", "convertToShares", "previewDeposit", "previewMint", "previewWithdraw", "previewRedeem"):
        argument = () if function == "totalAssets" else (1,)
        reentering_token.arm(v.vault.address, getattr(v.vault, function).prepare_calldata(*argument), False)
        v.world.withdraw("keeper", "ODD", 10**9)
        assert reentering_token.called()
        assert not reentering_token.succeeded(), function
    reentering_token.arm(v.vault.address, v.vault.balanceOf.prepare_calldata(v.world.address["lender"]), True)
    v.world.withdraw("keeper", "ODD", 10**9)
    assert reentering_token.succeeded()


# ---------------------------------------------------------------- flash loans


@pytest.fixture(scope="session")
def flash_deployer() -> Any:
    return boa.loads_partial(FLASH)


def test_flash_loan__in_the_middle__max_counts_what_is_there(v: VaultWorld, flash_deployer: Any) -> None:
    """The books of the pool count what is out as cash. What cannot be paid must not be promised."""
    taker = flash_deployer.deploy()
    token = v.world.token["USD"]
    cash = v.reserve.cash
    token.mint(taker.address, USD * 1_000)
    v.world.address["taker"] = taker.address
    v.transfer("lender", "taker", v.balance("lender") // 2)
    left = 12_345
    for out, expected in ((cash - left, left), (cash, 0)):
        taker.run(v.world.pool.address, v.vault.address, taker.address, token.address, out, False)
        assert taker.max_withdraw() == expected
        assert v.vault.convertToAssets(taker.max_redeem()) == expected
        assert not taker.taken()
    v.check()


def test_flash_loan__through_the_vault_and_back__costs_the_fee(v: VaultWorld, flash_deployer: Any) -> None:
    taker = flash_deployer.deploy()
    token = v.world.token["USD"]
    cash = v.reserve.cash
    token.mint(taker.address, USD * 1_000)
    before = token.balanceOf(taker.address)
    price = v.vault.convertToAssets(10**24)
    taker.run(v.world.pool.address, v.vault.address, v.world.address["lender"], token.address, cash, True)
    fee = -(-cash * 5 // 10_000)
    assert before - fee - 1 <= token.balanceOf(taker.address) <= before - fee
    assert price <= v.vault.convertToAssets(10**24) <= price + 1
    assert v.vault.totalSupply() == v.supply
