"""A chain that is not for development: another chain id, a block a second, an account of Ape with an encrypted key, a timelock that waits.

What a user does on a test network, from the first command to the first change: deploy, market, check, with config/<network>.yaml.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from eth_account import Account

from plimsoll.abi import Artifacts
from plimsoll.addresses import AddressBook
from plimsoll.chain import Chain
from plimsoll.rpc import DEV_KEYS, Rpc, Wallet, checksum
from tests.e2e.conftest import Run, is_one_line, person

pytestmark = pytest.mark.e2e

CHAIN_ID = 4242
PASSPHRASE = "correct horse"
DELAY = 4
MILLION = 10**6


@dataclass
class PublicChain:
    """What is there before the first command: two tokens, the wrapped coin, an account that can pay, and its file of settings."""

    rpc: Rpc
    url: str
    wallet: Wallet
    tokens: dict[str, str]
    wrapped: str
    folder: Path
    file: Path

    def settings(self, **more: Any) -> None:
        roles = {"owner": self.wallet.address, "steward": person(21), "guardian": person(22), "delay_seconds": DELAY}
        content = {
            "description": "A test network",
            "chain_id": CHAIN_ID,
            "preset": "wemix",
            "treasury": person(20),
            "wrapped_native": self.wrapped,
            "tokens": self.tokens,
            "roles": roles,
            **more,
        }
        self.file.write_text(yaml.safe_dump(content))

    @property
    def environment(self) -> dict[str, Any]:
        return {"folder": self.folder / "deployments", "APE_DATA_FOLDER": str(self.folder / "ape"), "APE_ACCOUNTS_ops_PASSPHRASE": PASSPHRASE}


@pytest.fixture(scope="module")
def public(compiled: Artifacts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PublicChain]:
    folder = tmp_path_factory.mktemp("testnet")
    person_of_ops = Account.create()
    keys = folder / "ape/accounts"
    keys.mkdir(parents=True)
    # few rounds: the tests are not to wait for a key to be slow to guess
    (keys / "ops.json").write_text(json.dumps(Account.encrypt(person_of_ops.key, PASSPHRASE, kdf="pbkdf2", iterations=1_000)))
    with Chain(port=0, chain_id=CHAIN_ID) as chain:
        rpc = chain.rpc
        rpc.set_balance(person_of_ops.address, 10**19)
        wallet = Wallet(rpc, account=person_of_ops)
        made = [wallet.transact(None, compiled["TestToken"].deployment(*args)) for args in (("Coin", "COIN", 6), ("Wrapped", "WRAP", 18))]
        wrapped = wallet.transact(None, compiled["WrappedNative"].deployment())["contractAddress"]
        tokens = {role: checksum(r["contractAddress"]) for role, r in zip(("dollar", "volatile"), made, strict=True)}
        mint = compiled["TestToken"].interface
        for address in tokens.values():
            wallet.transact(address, mint.encode("mint", wallet.address, 10**27))
        rpc.set_automine(False)
        rpc.call("evm_setIntervalMining", 1)
        yield PublicChain(rpc, chain.url, wallet, tokens, checksum(wrapped), folder, folder / "testnet.yaml")


def test_testnet__deploy_market_check__from_nothing_to_the_first_change(public: PublicChain, run: Run, compiled: Artifacts) -> None:
    network = ("--network", public.url)
    config = ("--config", str(public.file))
    public.settings()

    # nothing is guessed: neither a key nor a token
    done = run("ape", "run", "deploy", *network, *config, **public.environment)
    assert done.returncode == 1
    assert is_one_line(done.stderr)
    assert f"chain {CHAIN_ID} is no development chain: name the account for the deployment with --account" in done.stderr
    wrong = {**public.environment, "APE_ACCOUNTS_ops_PASSPHRASE": "wrong"}
    done = run("ape", "run", "deploy", *network, *config, "--account", "ops", **wrong)
    assert done.returncode == 1
    assert "the passphrase of 'ops' is wrong" in done.stderr

    done = run("ape", "run", "deploy", *network, *config, "--account", "ops", "--json", **public.environment)
    assert done.returncode == 0, done.stderr
    book = AddressBook.open(public.rpc, public.folder / "deployments")
    assert {t.role: t.address for t in book.tokens} == public.tokens
    assert PASSPHRASE not in book.path.read_text()
    timelock, configurator = (book.contract(n, public.rpc, compiled) for n in ("Timelock", "PoolConfigurator"))
    assert (configurator.call("owner"), timelock.call("get_minimum_delay")) == (timelock.address, DELAY)
    assert (configurator.call("steward"), configurator.call("guardian")) == (person(21), person(22))
    assert book.contract("LendingPool", public.rpc, compiled).call("treasury") == person(20)
    done = run("ape", "run", "deploy", *network, *config, "--account", "ops", "--json", **public.environment)
    assert done.returncode == 0
    assert not json.loads(done.stdout)["changed"]

    # prices: liquidity, and 33 minutes
    pair = book.contract("Pair", public.rpc, compiled)
    token = compiled["TestToken"].interface
    public.wallet.resync()
    for role, amount in (("dollar", 10 * MILLION * 10**6), ("volatile", 50_000 * 10**18)):
        public.wallet.transact(public.tokens[role], token.encode("transfer", pair.address, amount))
    public.wallet.transact(pair.address, pair.data("mint", public.wallet.address))
    public.rpc.call("evm_increaseTime", 2_400)
    public.rpc.mine()
    done = run("ape", "run", "check", *network, *config, "--json", **public.environment)
    assert (done.returncode, json.loads(done.stdout)["differences"]) == (0, []), done.stderr

    # a change, through the timelock
    caps = ("ape", "run", "market", "caps", "volatile", "--supply", "1000", *network)
    done = run(*caps, "--json", **public.environment)
    assert done.returncode == 1
    assert f"chain {CHAIN_ID} is no development chain: name the account for the change with --account" in done.stderr
    done = run(*caps, "--dry-run", "--json", "--account", "ops", **public.environment)
    assert (done.returncode, json.loads(done.stdout)["state"]) == (0, "dry run"), done.stderr
    done = run(*caps, "--account", "ops", "--json", **public.environment)
    assert (done.returncode, json.loads(done.stdout)["state"]) == (0, "scheduled"), done.stderr
    ready_ts = json.loads(done.stdout)["ready_ts"]
    while public.rpc.timestamp() < ready_ts:
        time.sleep(0.2)
    done = run("ape", "run", "market", "execute", *network, "--account", "ops", "--json", **public.environment)
    assert (done.returncode, json.loads(done.stdout)["state"]) == (0, "executed"), done.stderr
    assert configurator.call("configuration", public.tokens["volatile"]).supply_cap == 1_000 * 10**18
    # the account is no guardian
    done = run("ape", "run", "market", "pause", "volatile", "borrow", *network, "--account", "ops", **public.environment)
    assert done.returncode == 1
    assert is_one_line(done.stderr)
    assert f"this takes the guardian, {person(22)}: {public.wallet.address} is not" in done.stderr

    # which is a difference, until the file says so
    done = run("ape", "run", "check", *network, *config, **public.environment)
    assert done.returncode == 1
    assert f"supply cap of 'volatile': {1_000 * 10**18} (expected: 0)" in done.stdout
    public.settings(market={"volatile": {"supply_cap": 1_000}})
    done = run("ape", "run", "check", *network, *config, **public.environment)
    assert done.returncode == 0, done.stdout
    # and another deployment does not overwrite what governance has decided
    done = run("ape", "run", "deploy", *network, *config, "--account", "ops", "--json", **public.environment)
    assert done.returncode == 0
    assert configurator.call("configuration", public.tokens["volatile"]).supply_cap == 1_000 * 10**18


def test_testnet__file_of_another_chain__refused(public: PublicChain, run: Run) -> None:
    public.settings(chain_id=5)
    for command in ("deploy", "check"):
        done = run("ape", "run", command, "--network", public.url, "--config", str(public.file), **public.environment)
        assert done.returncode == 1
        assert is_one_line(done.stderr)
        assert "testnet.yaml is of chain 5" in done.stderr


def test_testnet__development_key__not_used(public: PublicChain, run: Run) -> None:
    """Anvil's well-known first account is nobody here."""
    public.settings()
    before = public.rpc.nonce(Wallet(public.rpc, DEV_KEYS[0]).address)
    done = run("ape", "run", "market", "execute", "--network", public.url, **public.environment)
    assert done.returncode in (1, 3)
    assert public.rpc.nonce(Wallet(public.rpc, DEV_KEYS[0]).address) == before
