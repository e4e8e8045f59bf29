"""What the keeper remembers across a kill: how far it has read, who has borrowed, which transactions wait."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from plimsoll.addresses import AddressBook, write_atomically
from plimsoll.errors import Problem

STATE_FORMAT = 1


@dataclass
class Sent:
    """A transaction that waits."""

    borrower: str
    tx_hash: str
    nonce: int
    block: int
    debt_asset: str = ""
    max_repay: int = 0
    data: str = ""
    looks: int = 0  # blocks in which it was looked for and not found
    fees: dict[str, int] = field(default_factory=dict)
    overtaken: bool = False


@dataclass
class State:
    """What survives a kill."""

    path: Path
    chain_id: int
    genesis: str
    pool: str
    last_block: int
    borrowers: dict[str, int] = field(default_factory=dict)  # account -> block of its last Borrow
    pending: dict[str, Sent] = field(default_factory=dict)  # by borrower

    def save(self) -> None:
        data = {
            "format": STATE_FORMAT,
            "chain_id": self.chain_id,
            "genesis": self.genesis,
            "pool": self.pool,
            "last_block": self.last_block,
            "borrowers": self.borrowers,
            "pending": [vars(s) for s in self.pending.values()],
        }
        # against kills, not power cuts: an old file only costs reading some blocks again
        write_atomically(self.path, json.dumps(data) + "\n", durable=False)

    @classmethod
    def load(cls, path: Path, book: AddressBook, pool: str) -> tuple[State, str | None]:
        """The state for this pool of the deployment, and why an old one was not used, if so."""
        fresh = cls(path, book.chain_id, book.data["genesis"], pool, max(book.block - 1, 0))
        try:
            data = json.loads(path.read_text())
        except FileNotFoundError:
            return fresh, None
        except OSError:
            return fresh, f"{path} cannot be read: reading all borrowers from the chain again"
        except ValueError:
            return fresh, _set_aside(path)
        try:
            same = (data["format"], data["chain_id"], data["genesis"], data["pool"])
            if same != (STATE_FORMAT, fresh.chain_id, fresh.genesis, pool):
                return fresh, f"{path} is of another deployment: beginning anew"
            last_block = int(data["last_block"])
            borrowers = {str(a): int(b) for a, b in data["borrowers"].items()}
            pending = {s["borrower"]: Sent(**s) for s in data["pending"]}
        except (KeyError, TypeError, ValueError, AttributeError):
            return fresh, _set_aside(path)
        fresh.last_block, fresh.borrowers, fresh.pending = last_block, borrowers, pending
        return fresh, None


def _set_aside(path: Path) -> str:
    """What is damaged may be a file of something else altogether, given by mistake: it is kept."""
    kept = path.with_name(path.name + ".damaged")
    try:
        path.replace(kept)
    except OSError as e:
        raise Problem(f"{path} is no state of a keeper, and cannot be renamed: {e.strerror or e}") from None
    return f"{path} is no state of a keeper, or damaged; kept as {kept.name}: reading all borrowers from the chain again"
