"""Deployment: from nothing, twice, after a kill at every step, and with everything that can be wrong."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from plimsoll.abi import Artifacts
from plimsoll.addresses import AddressBook, BookError
from plimsoll.chain import Chain
from plimsoll.cli import endpoint
from plimsoll.deployment import DeployError, Options, deploy, verify
from plimsoll.pools import Reader
from plimsoll.presets import Roles, load
from plimsoll.rpc import DEV_KEYS, Reverted, Rpc, Wallet, checksum
from scripts.deploy import cli
from tests.e2e.conftest import ROOT, Run, is_one_line, person

pytestmark = pytest.mark.e2e

WEMIX = load("wemix")
STEPS = 66


class Killed(BaseException):
    """As sudden as a kill: nothing in between catches it."""


def transactions(rpc: Rpc, wallet: Wallet) -> int:
    return rpc.nonce(wallet.address, "latest")


# ---------------------------------------------------------------- from nothing, and again


def test_deploy__fresh_chain__every_contract_recorded_and_wired(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    report = deploy(rpc, deployer, WEMIX, compiled, where=tmp_path)
    assert (len(report.done), report.kept, report.changed) == (STEPS, 0, True)
    book = AddressBook.open(rpc, tmp_path)
    assert book.names == [
        "Token.dollar",
        "Token.volatile",
        "PairBlueprint",
        "PairFactory",
        "Pair",
        "PriceOracle",
        "RateModel.dollar",
        "RateModel.volatile",
        "Operators",
        "PoolExtension",
        "PoolConfigurator",
        "LendingPool",
        "LiquidationEngine",
        "Lens",
        "WrappedNative",
        "RangePoolBlueprint",
        "RangePoolFactory",
        "PositionManager",
        "Quoter",
        "Router",
        "RangePool",
        "Bundler",
        "ReserveVaultBlueprint",
        "ReserveVaultFactory",
        "ReserveVault.dollar",
        "ReserveVault.volatile",
        "LendingPoolBlueprint",
        "PoolConfiguratorBlueprint",
        "LiquidationEngineBlueprint",
        "IsolatedOracleBlueprint",
        "MarketFactory",
        "Timelock",
    ]
    for name in book.names:
        entry = book.data["contracts"][name]
        receipt = rpc.receipt(entry["tx"])
        assert receipt is not None
        assert (int(receipt["blockNumber"], 16), receipt["blockHash"]) == (entry["block"], entry["block_hash"])
    assert book.data["contracts"]["LendingPool"]["args"] == [
        deployer.address,
        "8000",
        str(100 * 10**18),
        *(book.address(n) for n in ("PoolConfigurator", "Operators", "PoolExtension")),
    ]
    assert verify(rpc, book, compiled, WEMIX) == []

    pool = book.contract("LendingPool", rpc, compiled)
    ether = pool.call("reserve_state", book.token("volatile").address)
    assert (ether.ltv_bps, ether.bonus_bps, ether.reserve_factor_bps, ether.seeded) == (6500, 11000, 5000, True)
    assert book.contract("PairFactory", rpc, compiled).call("protocol_share") == (8, 25)
    assert book.contract("PairFactory", rpc, compiled).call("feeTo") == deployer.address


def test_deploy__second_run__changes_nothing(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    first = deploy(rpc, deployer, WEMIX, compiled, where=tmp_path)
    content, sent = first.book.path.read_bytes(), transactions(rpc, deployer)
    second = deploy(rpc, deployer, WEMIX, compiled, where=tmp_path)
    assert (second.done, second.kept) == ([], STEPS)
    assert first.book.path.read_bytes() == content
    assert transactions(rpc, deployer) == sent


def test_verify__other_parameters__named(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    book = deploy(rpc, deployer, WEMIX, compiled, where=tmp_path).book
    wanted = replace(WEMIX, borrow_limit_bps=7500, fee_bps=30)
    assert verify(rpc, book, compiled, wanted) == ["borrow limit is 8000, not 7500", "fee of the factory is 25, not 30"]
    assert verify(rpc, book, compiled, WEMIX, treasury=person(1)) == [
        f"treasury of the pool is {deployer.address}, not {person(1)}",
        f"receiver of the protocol share is {deployer.address}, not {person(1)}",
        f"treasury of the market factory is {deployer.address}, not {person(1)}",
    ]


# ---------------------------------------------------------------- range pools and router


def test_deploy__range_pools__worth_what_the_preset_says(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    book = deploy(rpc, deployer, WEMIX, compiled, where=tmp_path).book
    _, pool = Reader(rpc, book, compiled).pools()
    assert pool.address == book.address("RangePool")
    assert pool.price is not None
    assert abs(pool.price / 200 - 1) < Fraction(1, 10**9)
    for x, worth, low, high in zip(pool.positions, (200_000, 300_000, 500_000), (180, 100, 0), (220, 300, 10**9), strict=True):
        assert x.owner == deployer.address
        assert abs(pool.in_quote(x.amounts) - worth * 10**6) <= 2
        # the next usable ticks outside of 10 % and 50 % around the price
        ends = pool.range_of(x)
        assert pool.is_full(x) or low * Fraction(993, 1000) < ends[0] <= low < high <= ends[1] < high * Fraction(1007, 1000)
    assert [pool.is_full(x) for x in pool.positions] == [False, False, True]
    # none of the test tokens is left with the deployer beyond rounding
    assert all(book.token_contract(r, rpc, compiled).call("balanceOf", deployer.address) < 10 for r in ("dollar", "volatile"))


def test_deploy__of_a_version_without_configurator__refused(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    book = deploy(rpc, deployer, WEMIX, compiled, where=tmp_path).book
    del book.data["contracts"]["PoolConfigurator"]
    book.save()
    with pytest.raises(DeployError, match=r"31337\.json is of a version whose pool has no configurator: move the file away to deploy anew"):
        deploy(rpc, deployer, WEMIX, compiled, where=tmp_path)


# ---------------------------------------------------------------- who governs


def test_deploy__owner_named__deployer_holds_nothing(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    owner, steward, guardian = person(11), person(12), person(13)
    options = Options(owner=owner, steward=steward, guardian=guardian, delay_seconds=7_200)
    book = deploy(rpc, deployer, WEMIX, compiled, options=options, where=tmp_path).book
    timelock, configurator, oracle, factory, ranges = (
        book.contract(n, rpc, compiled) for n in ("Timelock", "PoolConfigurator", "PriceOracle", "PairFactory", "RangePoolFactory")
    )
    assert {configurator.call("owner"), oracle.call("owner"), factory.call("feeToSetter"), ranges.call("owner")} == {timelock.address}
    assert (configurator.call("steward"), configurator.call("guardian")) == (steward, guardian)
    assert timelock.call("get_minimum_delay") == 7_200
    roles = [timelock.call(name) for name in ("PROPOSER_ROLE", "CANCELLER_ROLE", "EXECUTOR_ROLE", "DEFAULT_ADMIN_ROLE")]
    assert [timelock.call("hasRole", r, deployer.address) for r in roles] == [False] * 4
    assert [timelock.call("hasRole", r, owner) for r in roles] == [True, True, False, False]
    assert [timelock.call("hasRole", r, timelock.address) for r in roles] == [False, False, False, True]
    # what has waited, anyone may execute
    assert timelock.call("hasRole", roles[2], "0x" + "00" * 20)
    assert verify(rpc, book, compiled, WEMIX) == []
    for contract, function, args in (
        (configurator, "set_guardian", (deployer.address,)),
        (timelock, "schedule", (configurator.address, 0, b"", b"\x00" * 32, b"\x00" * 32, 7_200)),
        (timelock, "update_delay", (0,)),
        (oracle, "transfer_ownership", (deployer.address,)),
    ):
        with pytest.raises(Reverted):
            contract.call(function, *args, sender=deployer.address)


def test_deploy__nobody_named__deployer_decides_after_a_minute(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    book = deploy(rpc, deployer, WEMIX, compiled, where=tmp_path).book
    timelock, configurator = (book.contract(n, rpc, compiled) for n in ("Timelock", "PoolConfigurator"))
    assert timelock.call("hasRole", timelock.call("PROPOSER_ROLE"), deployer.address)
    assert timelock.call("get_minimum_delay") == 60
    assert (configurator.call("steward"), configurator.call("guardian")) == (deployer.address, deployer.address)
    assert configurator.call("owner") == timelock.address


def test_deploy__roles_of_the_preset__by_chain(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    roles = Roles(owner={rpc.chain_id: person(1)}, guardian={rpc.chain_id: person(2), 1: person(3)}, delay_seconds=3_600)
    book = deploy(rpc, deployer, replace(WEMIX, roles=roles), compiled, options=Options(guardian=person(4)), where=tmp_path).book
    # a development chain has its own delay, and the option goes before the preset
    expected = {"owner": person(1), "steward": person(1), "guardian": person(4), "delay_seconds": "60"}
    assert book.data["wanted"]["governance"] == expected
    with pytest.raises(DeployError, match=rf"governance\.guardian = {person(4)}, now it is {person(2)}"):
        deploy(rpc, deployer, replace(WEMIX, roles=roles), compiled, where=tmp_path)


def test_deploy__fee_and_caps__as_the_preset_says(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    liqwid = load("liqwid")
    ether = replace(liqwid.asset("volatile"), stakers={rpc.chain_id: person(5)})
    book = deploy(rpc, deployer, replace(liqwid, assets=(liqwid.asset("dollar"), ether)), compiled, where=tmp_path).book
    configurator = book.contract("PoolConfigurator", rpc, compiled)
    dollar, volatile = (configurator.call("configuration", book.token(r).address) for r in ("dollar", "volatile"))
    assert (dollar.origination_fee_bps, dollar.stakers, dollar.supply_cap, dollar.debt_cap) == (100, "0x" + "00" * 20, 0, 0)
    assert (volatile.origination_fee_bps, volatile.stakers) == (100, person(5))
    assert (volatile.supply_cap, volatile.debt_cap) == (100_000 * 10**18, 50_000 * 10**18)
    assert book.contract("LendingPool", rpc, compiled).call("borrow_limit_bps") == 9_900
    assert book.contract("LiquidationEngine", rpc, compiled).call("fee_bps") == 0


def test_verify__router_of_somebody_else__named(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    book = deploy(rpc, deployer, WEMIX, compiled, where=tmp_path).book
    names = ("PairFactory", "RangePoolFactory", "PositionManager", "WrappedNative", "Lens")
    other = deployer.transact(None, compiled["Router"].deployment(*(book.address(n) for n in names)))["contractAddress"]
    book.data["contracts"]["Router"]["address"] = checksum(other)
    assert verify(rpc, book, compiled, WEMIX) == [f"quoter of the router is {book.address('Lens')}, not {book.address('Quoter')}"]


def test_deploy__wrapped_coin_given__used_as_it_is(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    wrapped = deployer.transact(None, compiled["WrappedNative"].deployment())["contractAddress"]
    options = Options(wrapped_native=wrapped, market=False)
    report = deploy(rpc, deployer, WEMIX, compiled, options=options, where=tmp_path)
    assert "WrappedNative" not in report.done
    book = AddressBook.open(rpc, tmp_path)
    assert book.address("WrappedNative") == checksum(wrapped)
    assert book.contract("PositionManager", rpc, compiled).call("WETH9") == checksum(wrapped)
    assert not deploy(rpc, deployer, WEMIX, compiled, options=options, where=tmp_path).changed
    with pytest.raises(DeployError, match=rf"wrapped_native = {checksum(wrapped)}, now it is None"):
        deploy(rpc, deployer, WEMIX, compiled, options=Options(market=False), where=tmp_path)


def test_deploy__wrapped_coin_is_none__refused(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    for address in (person(1), deployer.transact(None, compiled["TestToken"].deployment("Odd", "ODD", 6))["contractAddress"]):
        with pytest.raises(DeployError, match="is no token with 18 decimals on chain 31337: it cannot be the wrapped coin"):
            deploy(rpc, deployer, WEMIX, compiled, options=Options(wrapped_native=address), where=tmp_path)
    assert not (tmp_path / "31337.json").exists()


# ---------------------------------------------------------------- killed and resumed


@pytest.mark.parametrize("phase", ["signed", "sent", "mined", "recorded"])
def test_deploy__killed_at_every_step__goes_on_and_repeats_nothing(
    rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path, phase: str
) -> None:
    before = transactions(rpc, deployer)
    seen: set[str] = set()

    def kill_once(step: str, at: str) -> None:
        if at == phase and step not in seen:
            seen.add(step)
            raise Killed

    runs = 0
    while True:
        runs += 1
        try:
            report = deploy(rpc, Wallet(rpc, DEV_KEYS[0]), WEMIX, compiled, where=tmp_path, hook=kill_once)
            break
        except Killed:
            assert not AddressBook.read(tmp_path / "31337.json").data["complete"]
    assert runs == STEPS + 1
    assert transactions(rpc, deployer) - before == STEPS
    assert "pending" not in report.book.data
    assert verify(rpc, report.book, compiled, WEMIX) == []
    AddressBook.open(rpc, tmp_path)


def test_deploy__killed_by_the_system__goes_on(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    program = f"""
import os, signal
from pathlib import Path
from plimsoll.abi import artifacts
from plimsoll.cli import endpoint
from plimsoll.deployment import deploy
from plimsoll.presets import Roles, load
from plimsoll.rpc import DEV_KEYS, Rpc, Wallet
rpc = Rpc({rpc.url!r})
def hook(step, phase):
    if (step, phase) == ("LendingPool", "sent"):
        os.kill(os.getpid(), signal.SIGKILL)
deploy(rpc, Wallet(rpc, DEV_KEYS[0]), load("wemix"), artifacts(), where=Path({str(tmp_path)!r}), hook=hook)
"""
    before = transactions(rpc, deployer)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert AddressBook.read(tmp_path / "31337.json").data["pending"]["step"] == "LendingPool"
    report = deploy(rpc, deployer, WEMIX, compiled, where=tmp_path)
    assert report.done[0] == "LendingPool"
    assert transactions(rpc, deployer) - before == STEPS


def test_deploy__nonce_taken_meanwhile__signs_anew(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    def kill(step: str, phase: str) -> None:
        if (step, phase) == ("PriceOracle", "signed"):
            raise Killed

    with pytest.raises(Killed):
        deploy(rpc, deployer, WEMIX, compiled, where=tmp_path, hook=kill)
    old = AddressBook.read(tmp_path / "31337.json").data["pending"]["hash"]
    Wallet(rpc, DEV_KEYS[0]).transact(person(1), value=1)
    report = deploy(rpc, deployer, WEMIX, compiled, where=tmp_path)
    assert report.done[0] == "PriceOracle"
    assert report.book.data["contracts"]["PriceOracle"]["tx"] != old
    assert rpc.receipt(old) is None


def test_deploy__half_way__other_tools_say_so(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    def kill(step: str, phase: str) -> None:
        if (step, phase) == ("LendingPool", "recorded"):
            raise Killed

    with pytest.raises(Killed):
        deploy(rpc, deployer, WEMIX, compiled, where=tmp_path, hook=kill)
    with pytest.raises(BookError, match=r"31337\.json ends half-way: run `ape run deploy` again"):
        AddressBook.open(rpc, tmp_path)


def test_deploy__step_fails_on_chain__named_and_resumable(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    # the pool refuses an LTV that is too high for the bonus; the preset's own checks are passed by on purpose
    ether = replace(WEMIX.asset("volatile"), ltv_bps=9500)
    wrong = replace(WEMIX, assets=(WEMIX.asset("dollar"), ether))
    with pytest.raises(DeployError, match=r"step 'configurator.list_reserve\(volatile\)' would fail: reverted: configurator: bad ltv"):
        deploy(rpc, deployer, wrong, compiled, where=tmp_path)
    book = AddressBook.read(tmp_path / "31337.json")
    assert "pending" not in book.data
    assert not book.data["complete"]


# ---------------------------------------------------------------- settings


def test_deploy__other_settings_than_before__first_difference_named(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    path = deploy(rpc, deployer, WEMIX, compiled, where=tmp_path).book.path
    content = path.read_bytes()
    other = replace(WEMIX, assets=(WEMIX.asset("dollar"), replace(WEMIX.asset("volatile"), ltv_bps=6000)))
    with pytest.raises(DeployError, match=r"deployed with preset\.assets\.volatile\.ltv_bps = 6500, now it is 6000"):
        deploy(rpc, deployer, other, compiled, where=tmp_path)
    with pytest.raises(DeployError, match=rf"treasury = {deployer.address}, now it is {person(1)}"):
        deploy(rpc, deployer, WEMIX, compiled, options=Options(treasury=person(1)), where=tmp_path)
    with pytest.raises(DeployError) as refused:
        deploy(rpc, deployer, load("wemix-feed"), compiled, where=tmp_path)
    assert str(refused.value) == (
        f"{path} was deployed with the preset 'wemix', now it is 'wemix-feed'; with preset.assets = dollar, volatile, now it is "
        "dollar, volatile, wemix_dollar: deploy with the same settings, or move the file away to deploy anew"
    )
    assert path.read_bytes() == content


def test_deploy__development_chain_reset__begins_anew(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    book = deploy(rpc, deployer, WEMIX, compiled, where=tmp_path).book
    book.data["genesis"] = "0x" + "11" * 32
    book.save()
    with pytest.raises(BookError, match=r"belongs to another chain 31337 .* was the chain reset"):
        AddressBook.open(rpc, tmp_path)
    said: list[str] = []
    report = deploy(rpc, deployer, WEMIX, compiled, where=tmp_path, say=said.append)
    assert len(report.done) == STEPS
    assert "of a development chain that is gone" in said[0]


def test_deploy__existing_tokens__used_as_they_are(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    tokens = {}
    for role, args in {"dollar": ("Coin", "COIN", 8), "volatile": ("Wrapped", "WRAP", 18)}.items():
        receipt = deployer.transact(None, compiled["TestToken"].deployment(*args))
        tokens[role] = receipt["contractAddress"]
        deployer.transact(tokens[role], compiled["TestToken"].interface.encode("mint", deployer.address, 10**18))
    report = deploy(rpc, deployer, WEMIX, compiled, options=Options(tokens=tokens, treasury=person(7)), where=tmp_path)
    book = AddressBook.open(rpc, tmp_path)
    assert [(t.role, t.symbol, t.decimals) for t in book.tokens] == [("dollar", "COIN", 8), ("volatile", "WRAP", 18)]
    # 1 unit of account for 1e8 raw units
    assert book.contract("PriceOracle", rpc, compiled).call("quote_price", book.token("dollar").address) == 10**28
    assert book.contract("LendingPool", rpc, compiled).call("treasury") == book.contract("PairFactory", rpc, compiled).call("feeTo")
    assert not any(step.startswith(("market(", "RangePool.")) for step in report.done)
    assert not book.has("RangePool")
    assert book.contract("Pair", rpc, compiled).call("totalSupply") == 0
    assert not deploy(rpc, deployer, WEMIX, compiled, options=Options(tokens=tokens, treasury=person(7)), where=tmp_path).changed


@pytest.mark.parametrize(
    "tokens, message",
    [
        ({"gold": person(1)}, r"the preset 'wemix' has no asset 'gold' \(it has: dollar, volatile\)"),
        ({"dollar": person(1)}, r"--token dollar=0x.*: there is no contract at this address on chain 31337"),
        ({"dollar": "pair"}, r"--token dollar=0x.*: this is no ERC-20 token with decimals"),
        ({"dollar": "odd"}, r"--token dollar=0x.*: it has 4 decimals, the pool takes 6 to 18"),
        ({"dollar": "good"}, r"--token dollar=0x.*: 0x.* holds 0 raw units, 1000000 are needed to seed the reserve"),
        ({"dollar": "good", "volatile": "good"}, r"--token dollar=0x.*: this is the token of 'volatile' as well"),
    ],
)
def test_deploy__token_unusable__refused_before_anything_is_sent(
    rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path, tokens: dict[str, str], message: str
) -> None:
    at: dict[str, Any] = {}
    at["odd"] = deployer.transact(None, compiled["TestToken"].deployment("Odd", "ODD", 4))["contractAddress"]
    at["good"] = deployer.transact(None, compiled["TestToken"].deployment("Good", "GOOD", 6))["contractAddress"]
    at["pair"] = deployer.transact(None, compiled["JumpRateModel"].deployment(0, 0, 0, 0))["contractAddress"]
    sent = transactions(rpc, deployer)
    with pytest.raises(DeployError, match=message):
        deploy(rpc, deployer, WEMIX, compiled, options=Options(tokens={r: at.get(a, a) for r, a in tokens.items()}), where=tmp_path)
    assert transactions(rpc, deployer) == sent
    assert not (tmp_path / "31337.json").exists()


def test_deploy__vault_made_by_somebody_else__taken_as_it_is(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    """Anybody may create it as soon as the pool has listed the asset: it is the same vault."""
    stranger = Wallet(rpc, DEV_KEYS[2])

    def hurry(step: str, phase: str) -> None:
        if (step, phase) == ("ReserveVaultFactory", "recorded"):
            book = AddressBook.read(tmp_path / "31337.json")
            factory = book.contract("ReserveVaultFactory", rpc, compiled)
            for token in book.tokens:
                stranger.transact(factory.address, factory.data("create_vault", book.address("LendingPool"), token.address))

    before = transactions(rpc, deployer)
    report = deploy(rpc, deployer, WEMIX, compiled, where=tmp_path, hook=hurry)
    assert transactions(rpc, deployer) - before == STEPS - 2
    book = AddressBook.open(rpc, tmp_path)
    vaults = book.contract("ReserveVaultFactory", rpc, compiled)
    assert [vaults.call("vaults", i) for i in range(2)] == [book.address(f"ReserveVault.{r}") for r in ("dollar", "volatile")]
    assert report.changed
    assert not deploy(rpc, deployer, WEMIX, compiled, where=tmp_path).changed


def test_deploy__without_wrapped_coin__the_bundler_has_none(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> None:
    nukem = load("nukem")
    book = deploy(rpc, deployer, nukem, compiled, where=tmp_path).book
    assert not book.has("WrappedNative")
    assert book.contract("Bundler", rpc, compiled).call("WETH9") == "0x" + "00" * 20
    assert verify(rpc, AddressBook.open(rpc, tmp_path), compiled, nukem) == []


def test_deploy__account_without_coin__refused(rpc: Rpc, compiled: Artifacts, tmp_path: Path) -> None:
    poor = Wallet(rpc, "0x" + "77" * 32)
    with pytest.raises(DeployError, match=f"{poor.address} has nothing to pay gas with on chain 31337"):
        deploy(rpc, poor, WEMIX, compiled, where=tmp_path)
    assert not (tmp_path / "31337.json").exists()


def test_deploy__no_development_chain__wants_tokens(compiled: Artifacts, tmp_path: Path) -> None:
    with Chain(port=0) as other:
        other.rpc.call("anvil_setChainId", 4242)
        with Rpc(other.url) as rpc:
            wallet = Wallet(rpc, DEV_KEYS[0])
            with pytest.raises(DeployError, match="chain 4242 is no development chain: name its token with --token dollar"):
                deploy(rpc, wallet, WEMIX, compiled, where=tmp_path)
            tokens = {}
            for role in ("dollar", "volatile"):
                tokens[role] = wallet.transact(None, compiled["TestToken"].deployment(role, role, 18))["contractAddress"]
                wallet.transact(tokens[role], compiled["TestToken"].interface.encode("mint", wallet.address, 10**18))
            with pytest.raises(DeployError, match="the preset knows no wrapped coin of chain 4242: name it with --wrapped-native"):
                deploy(rpc, wallet, WEMIX, compiled, options=Options(tokens=tokens), where=tmp_path)
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- the command


def test_command__fresh_then_again__json_and_codes(rpc: Rpc, run: Run, tmp_path: Path) -> None:
    first = run("ape", "run", "deploy", "--network", rpc.url, "--json")
    assert first.returncode == 0, first.stderr
    figures = json.loads(first.stdout)
    assert (figures["chain_id"], figures["changed"], len(figures["steps_done"])) == (31337, True, STEPS)
    assert json.loads((tmp_path / "31337.json").read_text())["contracts"]["Lens"]["address"] == figures["contracts"]["Lens"]
    again = run("ape", "run", "deploy", "--network", rpc.url)
    assert again.returncode == 0
    assert f"nothing to do: all {STEPS} steps are in" in again.stdout


@pytest.mark.parametrize(
    "arguments, code, message",
    [
        (["--token", "dollar=0x12"], 2, "'dollar=0x12' is not ROLE=ADDRESS"),
        (["--token", "dollar=0x" + "aB" * 20], 2, "is not ROLE=ADDRESS, like dollar=0x followed by 40 digits, with their checksum"),
        (["--token", f"a={person(1)}", "--token", f"a={person(2)}"], 2, "'a' is given twice"),
        (["--preset", "aave"], 1, "error: there is no preset 'aave' (there are: liqwid, nukem, wemix, wemix-feed; or give"),
        (["--treasury", "0x12"], 1, "error: --treasury 0x12 is no address"),
        (["--wrapped-native", "WETH"], 1, "error: --wrapped-native WETH is no address"),
        (["--owner", "me"], 1, "error: --owner me is no address"),
        (["--guardian", "0x12"], 1, "error: --guardian 0x12 is no address"),
        (["--delay", "0"], 2, "0 is not in the range 1<=x<=2592000"),
        (["--config", "nowhere.yaml"], 1, "error: there is no file nowhere.yaml"),
        (["--account", "nobody"], 1, "error: Ape has no account 'nobody'"),
        (["--network", "ftp://x"], 1, "error: 'ftp://x' is no address that can be used"),
        (["--network", "ethereum:local:foundry"], 1, "error: network 'ethereum:local:foundry' is a chain that ends with the command"),
        (["--network", "ethereum:nowhere:node"], 1, "error: No network in 'ethereum' named 'nowhere'."),
    ],
)
def test_command__bad_input__one_line_and_nothing_written(
    rpc: Rpc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, message: str
) -> None:
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(tmp_path))
    done = CliRunner(mix_stderr=False).invoke(cli, ["--network", rpc.url, *arguments])
    assert done.exit_code == code, done.stderr
    assert message in done.stderr
    assert code == 2 or is_one_line(done.stderr)
    assert list(tmp_path.iterdir()) == []


def test_endpoint__network_of_the_configuration__its_address() -> None:
    assert endpoint("ethereum:anvil:node") == "http://127.0.0.1:8545"


ACCOUNTS = """
import json, os
from pathlib import Path
from eth_account import Account
from plimsoll import cli
from plimsoll.errors import Problem
folder = Path(os.environ["APE_DATA_FOLDER"]) / "accounts"
folder.mkdir(parents=True)
key = "0x" + "42" * 32
(folder / "ops.json").write_text(json.dumps(Account.encrypt(key, "right", kdf="pbkdf2", iterations=2)))
for passphrase in (None, "wrong", "right"):
    os.environ.pop("APE_ACCOUNTS_ops_PASSPHRASE", None)
    if passphrase:
        os.environ["APE_ACCOUNTS_ops_PASSPHRASE"] = passphrase
    try:
        print(cli.account("ops", 1, "", "the test").key == bytes.fromhex("42" * 32))
    except Problem as e:
        print(e)
try:
    cli.account(None, 1, "", "the test")
except Problem as e:
    print(e)
"""


def test_account__of_ape__signs_with_the_passphrase_from_the_environment(run: Run, tmp_path: Path) -> None:
    done = run("python", "-c", ACCOUNTS, APE_DATA_FOLDER=str(tmp_path / "ape"), PYTHONPATH=str(ROOT))
    assert done.stdout.splitlines() == [
        "the passphrase of 'ops' is missing: put it into APE_ACCOUNTS_ops_PASSPHRASE or PLIMSOLL_PASSPHRASE",
        "the passphrase of 'ops' is wrong",
        "True",
        "chain 1 is no development chain: name the account for the test with --account (`ape accounts list`)",
    ], done.stderr
