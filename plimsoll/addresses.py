"""The address book: what stands where on a chain, in deployments/<chain id>.json.

The file is written whole or not at all. Opening it checks it against the chain, so that an edited, outdated or misplaced
book is refused with the name of the entry that is wrong, before any transaction is built from it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_utils.address import is_checksum_address, is_checksum_formatted_address, is_hex_address, to_checksum_address
from eth_utils.crypto import keccak

from plimsoll.abi import Artifacts, Contract, parse_function
from plimsoll.errors import Problem
from plimsoll.rpc import Rpc, RpcError, call_request, to_bytes, to_hex

ROOT = Path(__file__).resolve().parent.parent
FORMAT = 1

# What tells contracts apart: views, the number of words that each answers, and the entry that the answer must name, if any
CHARACTERISTICS: dict[str, list[tuple[str, int, str | None]]] = {
    "PairFactory": [("allPairsLength()", 1, None)],
    "Pair": [("getReserves()", 3, None), ("factory()", 1, "PairFactory")],
    "JumpRateModel": [("borrow_rate_wad(uint256)", 1, None)],
    "PriceOracle": [("band(address)", 10, None)],
    "Operators": [("nonces(address)", 1, None)],
    "PoolConfigurator": [("pausable_from(address)", 1, None), ("pool()", 1, "LendingPool")],
    "Timelock": [("get_minimum_delay()", 1, None)],
    "LendingPool": [
        ("oracle()", 1, "PriceOracle"),
        ("engine()", 1, "LiquidationEngine"),
        ("configurator()", 1, "PoolConfigurator"),
        ("operators()", 1, "Operators"),
        ("extension()", 1, "PoolExtension"),
    ],
    "LiquidationEngine": [("fee_bps()", 1, None), ("pool()", 1, "LendingPool")],
    "Lens": [("health(address[])", 2, None), ("pool()", 1, "LendingPool")],
    "TestToken": [("decimals()", 1, None)],
    "WrappedNative": [("decimals()", 1, None)],
    "RangePoolFactory": [("init_code_hash()", 1, None), ("blueprint()", 1, "RangePoolBlueprint")],
    "RangePool": [("tickSpacing()", 1, None), ("factory()", 1, "RangePoolFactory")],
    "PositionManager": [("factory()", 1, "RangePoolFactory"), ("WETH9()", 1, "WrappedNative")],
    "Quoter": [("pair_factory()", 1, "PairFactory"), ("range_factory()", 1, "RangePoolFactory")],
    "Router": [("quoter()", 1, "Quoter"), ("position_manager()", 1, "PositionManager")],
    "Bundler": [("operators()", 1, "Operators"), ("WETH9()", 1, "WrappedNative")],
    "ReserveVaultFactory": [("vaults_count()", 1, None), ("blueprint()", 1, "ReserveVaultBlueprint")],
    "ReserveVault": [("totalAssets()", 1, None), ("pool()", 1, "LendingPool"), ("factory()", 1, "ReserveVaultFactory")],
    "MarketFactory": [
        ("markets_count()", 1, None),
        ("pair_factory()", 1, "PairFactory"),
        ("pool_blueprint()", 1, "LendingPoolBlueprint"),
        ("configurator_blueprint()", 1, "PoolConfiguratorBlueprint"),
        ("engine_blueprint()", 1, "LiquidationEngineBlueprint"),
        ("oracle_blueprint()", 1, "IsolatedOracleBlueprint"),
    ],
}


class BookError(Problem):
    """The address book: the entry, and what is wrong with it."""


@dataclass(frozen=True)
class Token:
    role: str
    address: str
    symbol: str
    decimals: int

    @property
    def unit(self) -> int:
        """Raw units of one whole token."""
        return int(10**self.decimals)


def is_address(text: str) -> bool:
    """0x and 40 digits; where capital and small letters are mixed they must be its checksum, which a typing mistake breaks."""
    if not text.startswith("0x") or not is_hex_address(text):
        return False
    return is_checksum_address(text) or not is_checksum_formatted_address(text)


def choose(text: str, tokens: Sequence[Token]) -> Token:
    """By role, symbol or address."""
    address = to_checksum_address(text) if is_address(text) else None
    for t in tokens:
        if t.address == address or text.lower() in (t.role.lower(), t.symbol.lower()):
            return t
    known = ", ".join(t.symbol for t in tokens)
    raise Problem(f"no asset '{text}' is listed (there are: {known})")


def folder() -> Path:
    return Path(os.environ.get("PLIMSOLL_DEPLOYMENTS") or ROOT / "deployments")


def write_atomically(path: Path, text: str, durable: bool = True) -> None:
    """The old content or the new one, never a part: also when the program or, with `durable`, the machine dies meanwhile."""
    try:
        _write_atomically(path, text, durable)
    except OSError as e:
        raise Problem(f"{_shown(path)} cannot be written: {e.strerror or e}") from None


def _write_atomically(path: Path, text: str, durable: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as f:
            f.write(text)
            if durable:
                f.flush()
                os.fsync(f.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


class AddressBook:
    """The content of one file.

    chain_id, genesis   of the chain that it belongs to
    complete            the deployment reached its end
    block               where the deployment began: no event is older
    contracts           name -> contract, address, code_hash, args, tx, block, block_hash
    tokens              role -> address, symbol, decimals
    feeds               role -> address, decimals
    steps               what else was done: name -> to, function, args, tx, block, block_hash
    """

    def __init__(self, path: Path, data: dict[str, Any]):
        self.path = path
        self.data = data

    # ------------------------------------------------------------------ file

    @staticmethod
    def path_for(chain_id: int, where: Path | None = None) -> Path:
        return (where or folder()) / f"{chain_id}.json"

    @classmethod
    def new(cls, rpc: Rpc, where: Path | None = None) -> AddressBook:
        data = {
            "format": FORMAT,
            "chain_id": rpc.chain_id,
            "genesis": rpc.block(0)["hash"],
            "complete": False,
            "block": None,
            "contracts": {},
            "tokens": {},
            "feeds": {},
            "steps": {},
        }
        return cls(cls.path_for(rpc.chain_id, where), data)

    @classmethod
    def read(cls, path: Path) -> AddressBook:
        """From the file, checked as far as a file alone can be."""
        shown = _shown(path)
        try:
            data = json.loads(path.read_text())
        except FileNotFoundError:
            raise BookError(f"{shown} is missing: deploy first (`ape run deploy`)") from None
        except OSError as e:
            raise BookError(f"{shown} cannot be read: {e.strerror}") from None
        except ValueError as e:
            raise BookError(f"{shown} is not JSON ({e}): restore it, or delete it and deploy again") from None
        _check_form(data, shown)
        return cls(path, data)

    @classmethod
    def open(cls, rpc: Rpc, where: Path | None = None, *, incomplete: bool = False, check: bool = True) -> AddressBook:
        """The book of the endpoint's chain, checked against it. This is what tools use."""
        book = cls.read(cls.path_for(rpc.chain_id, where))
        if check:
            book.check(rpc)
        if not incomplete and not book.data["complete"]:
            raise BookError(f"{book.shown} ends half-way: run `ape run deploy` again, it goes on where it stopped")
        return book

    def save(self) -> None:
        write_atomically(self.path, json.dumps(self.data, indent=2) + "\n")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One deployment at a time."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # on the folder itself, so that no lock file stays behind
            handle = os.open(self.path.parent, os.O_RDONLY)
        except OSError as e:
            raise BookError(f"the folder {_shown(self.path.parent)} cannot be used: {e.strerror or e}") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise BookError(f"another deployment that writes to {_shown(self.path.parent)} is running: wait for its end") from None
        finally:
            os.close(handle)

    @property
    def shown(self) -> str:
        return _shown(self.path)

    # ------------------------------------------------------------------ content

    @property
    def chain_id(self) -> int:
        return int(self.data["chain_id"])

    @property
    def block(self) -> int:
        return int(self.data["block"] or 0)

    @property
    def names(self) -> list[str]:
        return list(self.data["contracts"])

    def has(self, name: str) -> bool:
        return name in self.data["contracts"]

    def address(self, name: str) -> str:
        try:
            return str(self.data["contracts"][name]["address"])
        except KeyError:
            raise BookError(f"{self.shown} has no {name}: deploy again (`ape run deploy`)") from None

    def kind(self, name: str) -> str:
        """Which contract an entry is."""
        return str(self.data["contracts"][name]["contract"])

    def contract(self, name: str, rpc: Rpc, artifacts: Artifacts) -> Contract:
        return artifacts.at(self.kind(name) if self.has(name) else name, self.address(name), rpc)

    @property
    def feeds(self) -> dict[str, dict[str, Any]]:
        """Price feeds by the role of their asset. What stands there is not checked: a feed may fail, and nobody else with it."""
        found: dict[str, dict[str, Any]] = self.data.setdefault("feeds", {})
        return found

    @property
    def tokens(self) -> list[Token]:
        return [self.token(role) for role in self.data["tokens"]]

    def token(self, role: str) -> Token:
        try:
            entry = self.data["tokens"][role]
        except KeyError:
            raise BookError(f"{self.shown} has no token '{role}'") from None
        return Token(role, entry["address"], entry["symbol"], entry["decimals"])

    def token_at(self, address: str) -> Token | None:
        for t in self.tokens:
            if t.address.lower() == address.lower():
                return t
        return None

    def token_contract(self, role: str, rpc: Rpc, artifacts: Artifacts) -> Contract:
        return artifacts.at("TestToken", self.token(role).address, rpc)

    # ------------------------------------------------------------------ against the chain

    def belongs_to(self, rpc: Rpc) -> str | None:
        """None, or why the book is of another chain than the endpoint's."""
        if rpc.chain_id != self.chain_id:
            return f"{self.shown} is of chain {self.chain_id}, {rpc.shown} is chain {rpc.chain_id}"
        genesis = rpc.block(0)["hash"]
        reset = "was the chain reset? Deploy again (`ape run deploy`)"
        if genesis != self.data["genesis"]:
            return f"{self.shown} belongs to another chain {self.chain_id} (its first block differs): {reset}"
        records = [r for r in (*self.data["contracts"].values(), *self.data["steps"].values()) if r.get("block_hash")]
        if records:
            latest = max(records, key=lambda r: r["block"])
            found = rpc.call("eth_getBlockByNumber", hex(latest["block"]), False)
            if found is None or found["hash"] != latest["block_hash"]:
                return f"{self.shown} belongs to another past of chain {self.chain_id} (block {latest['block']} differs): {reset}"
        return None

    def check(self, rpc: Rpc) -> None:
        """Raise BookError unless every entry is what it says, on this chain."""
        problem = self.belongs_to(rpc)
        if problem:
            raise BookError(problem)
        self._check_code(rpc)
        self._check_tokens(rpc)
        if self.data["complete"]:
            self._check_characteristics(rpc)

    def _check_code(self, rpc: Rpc) -> None:
        entries = self.data["contracts"]
        addresses = {name: e["address"] for name, e in entries.items()}
        codes = rpc.batch([("eth_getCode", [a, "latest"]) for a in addresses.values()])
        hashes = {name: to_hex(keccak(to_bytes(c))) for name, c in zip(addresses, codes, strict=True)}
        empty = to_hex(keccak(b""))
        for name, found in hashes.items():
            if found == empty:
                raise BookError(f"{self.shown}: {name} {addresses[name]} has no code on this chain")
            if found == entries[name]["code_hash"]:
                continue
            owner = [n for n, e in entries.items() if n != name and e["code_hash"] == found]
            for other in owner:
                if hashes[other] == entries[name]["code_hash"]:
                    raise BookError(f"{self.shown}: the addresses of {name} and {other} are swapped")
            if owner:
                raise BookError(f"{self.shown}: {name} {addresses[name]} is the {owner[0]}, not a {entries[name]['contract']}")
            raise BookError(f"{self.shown}: {name} {addresses[name]} holds other code than was deployed")

    def _check_tokens(self, rpc: Rpc) -> None:
        tokens = self.tokens
        decimals = parse_function("decimals()", ["uint256"])
        answers = rpc.batch([call_request(t.address, decimals.selector) for t in tokens], errors=True)
        found: dict[str, int | None] = {}
        for t, answer in zip(tokens, answers, strict=True):
            raw = b"" if isinstance(answer, RpcError) else to_bytes(answer)
            found[t.role] = int.from_bytes(raw, "big") if len(raw) == 32 else None
        for t in tokens:
            if found[t.role] == t.decimals:
                continue
            for other in tokens:
                if other.role != t.role and found[t.role] == other.decimals and found[other.role] == t.decimals:
                    raise BookError(f"{self.shown}: the tokens {t.role} and {other.role} are swapped")
            what = "is no token" if found[t.role] is None else f"has {found[t.role]} decimals, not {t.decimals}"
            raise BookError(f"{self.shown}: token {t.role} {t.address} {what}")

    def _check_characteristics(self, rpc: Rpc) -> None:
        questions = []
        for name in self.names:
            for signature, words, target in CHARACTERISTICS.get(self.kind(name), []):
                f = parse_function(signature)
                arguments = [{"address": "0x" + "00" * 20, "address[]": []}.get(kind, 0) for kind in f.inputs]
                questions.append((name, signature, words, target, call_request(self.address(name), f.encode(*arguments))))
        pool = self.address("LendingPool")
        reserve_at = parse_function("reserve_at(uint256)")
        listed = [call_request(pool, reserve_at.encode(i)) for i in range(len(self.tokens))]
        answers = rpc.batch([*(q[4] for q in questions), *listed], errors=True)
        named = []
        for (name, signature, words, target, _), answer in zip(questions, answers, strict=False):
            raw = b"" if isinstance(answer, RpcError) else to_bytes(answer)
            if len(raw) != 32 * words:
                raise BookError(f"{self.shown}: {name} {self.address(name)} does not answer {signature}: it is no {self.kind(name)}")
            if target is not None and self.has(target):
                named.append((name, signature[:-2], to_checksum_address(raw[12:32]), target))
        # in the order of their listing, which is the order of the file
        for token, answer in zip(self.tokens, answers[len(questions) :], strict=True):
            found = "nothing" if isinstance(answer, RpcError) else to_checksum_address(to_bytes(answer)[12:32])
            if found != token.address:
                raise BookError(f"{self.shown}: token {token.role} is {token.address}, the pool lists {found} there")
        for name, what, found, target in named:
            if found != self.address(target):
                where = f"{self.shown}: {name} {self.address(name)}"
                raise BookError(f"{where} names {found} as its {what}, the book {self.address(target)}")


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _check_form(data: Any, shown: str) -> None:
    """What every reader of the book relies on."""

    def fail(problem: str) -> None:
        raise BookError(f"{shown}: {problem}")

    if not isinstance(data, dict) or "format" not in data:
        fail("this is no address book")
    if data["format"] != FORMAT:
        fail(f"has format {data['format']}, this version reads {FORMAT}")
    kinds = {"chain_id": int, "genesis": str, "complete": bool, "contracts": dict, "tokens": dict, "steps": dict}
    for key, kind in kinds.items():
        if not isinstance(data.get(key), kind):
            fail(f"'{key}' is missing or of the wrong kind")
    seen: dict[str, str] = {}
    if not isinstance(data.get("feeds", {}), dict):
        fail("'feeds' is of the wrong kind")
    groups = {"contracts": ("contract", "address", "code_hash"), "tokens": ("address", "symbol", "decimals"), "feeds": ("address", "decimals")}
    for group, needed in groups.items():
        for name, entry in data.get(group, {}).items():
            if not isinstance(entry, dict):
                fail(f"{group}.{name} must be a group of fields")
            for field in needed:
                if field not in entry:
                    fail(f"{group}.{name} has no '{field}'")
            address = entry["address"]
            if not isinstance(address, str) or not re.fullmatch(r"0x[0-9a-fA-F]{40}", address):
                fail(f"{group}.{name}: '{address}' is no address")
            if address != address.lower() and not is_checksum_address(address):
                fail(f"{group}.{name}: {address} has a typing mistake (its checksum is wrong)")
            if group == "contracts":
                if address.lower() in seen:
                    fail(f"{name} and {seen[address.lower()]} have the same address {address}")
                seen[address.lower()] = name
            entry["address"] = to_checksum_address(address)
    roles: dict[str, str] = {}
    for role, entry in data["tokens"].items():
        if entry["address"] in roles:
            fail(f"tokens {role} and {roles[entry['address']]} have the same address {entry['address']}")
        roles[entry["address"]] = role
