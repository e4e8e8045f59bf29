"""Settings in YAML: read with exact numbers, and each wrong one named by its path in the file, with the bound that it breaks."""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

import yaml  # type: ignore[import-untyped]
from eth_utils.address import is_checksum_address

from plimsoll.errors import Problem

ROOT = Path(__file__).resolve().parent.parent


def read_yaml(path: Path, error: type[Problem]) -> Any:
    """The content of a file, or `error` with its line."""
    try:
        return yaml.safe_load(path.read_text())
    except OSError as e:
        raise error(f"{shown(path)} cannot be read: {e.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as e:
        mark = getattr(e, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise error(f"{shown(path)}{where}: this is not YAML ({getattr(e, 'problem', None) or e})") from None


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


class Section:
    """A mapping of the file that knows its path, and which of its keys nobody asked for."""

    def __init__(self, content: Any, file: str, path: str, error: type[Problem]):
        self.file = file
        self.path = path
        self.error = error
        if not isinstance(content, dict):
            self.fail("", "must be a group of settings" if content is not None else "is missing" if path else "is empty")
        self._content: dict[Any, Any] = content
        self._asked: set[str] = set()

    def fail(self, key: str, problem: str) -> NoReturn:
        where = ".".join(p for p in (self.path, key) if p)
        raise self.error(f"{self.file}: {where or 'the file'} {problem}")

    def has(self, key: str) -> bool:
        self._asked.add(key)
        return key in self._content

    def get(self, key: str) -> Any:
        if not self.has(key) or self._content[key] is None:
            self.fail(key, "is missing")
        return self._content[key]

    def section(self, key: str) -> Section:
        return Section(self.get(key), self.file, f"{self.path}.{key}".lstrip("."), self.error)

    def roles(self) -> list[str]:
        """Names that the file chooses, such as roles of assets."""
        for key in self._content:
            if not isinstance(key, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", key):
                self.fail(str(key), "is no usable name: small letters, digits and _ only")
        return list(self._content)

    def sections(self) -> list[tuple[str, Section]]:
        return [(key, self.section(key)) for key in self.roles()]

    def list_of_sections(self, key: str) -> list[Section]:
        value = self.get(key)
        if not isinstance(value, list):
            self.fail(key, "must be a list")
        return [Section(entry, self.file, f"{self.path}.{key}[{i}]".lstrip("."), self.error) for i, entry in enumerate(value)]

    def text(self, key: str, most: int) -> str:
        value = self.get(key)
        if not isinstance(value, str) or not value.strip():
            self.fail(key, f"must be a text, not '{value}'")
        if len(value) > most:
            self.fail(key, f"has {len(value)} characters, at most {most} fit")
        return str(value)

    def number(self, key: str, scale: int, least: str, most: str, unit: str = "") -> int:
        """value * scale, exactly; `least` <= value <= `most`."""
        value = self.get(key)
        try:
            if isinstance(value, bool) or not isinstance(value, int | float | str):
                raise InvalidOperation
            number = Decimal(str(value).replace("_", ""))
            if not number.is_finite():
                raise InvalidOperation
        except InvalidOperation:
            self.fail(key, f"must be a number, not '{value}'")
        if not Decimal(least) <= number <= Decimal(most):
            self.fail(key, f"is {value}{unit}: it must lie between {least} and {most}{unit}")
        # not by Decimal, which keeps 28 digits of a product; nothing counts as finely as 1e-60
        scaled = Fraction(number) * scale if number.adjusted() > -60 or not number else None
        if scaled is None or scaled.denominator != 1:
            self.fail(key, f"is {value}{unit}: finer than the contracts count (1/{scale})")
        return int(scaled)

    def choice(self, key: str, allowed: Collection[str]) -> str:
        value = self.get(key)
        # YAML reads a bare `off` as false
        text = "off" if value is False else value
        if not isinstance(text, str) or text not in allowed:
            self.fail(key, f"is '{value}': it must be one of {', '.join(allowed)}")
        return str(text)

    def names(self, key: str, allowed: Collection[str] | None = None) -> tuple[str, ...]:
        """A list of words."""
        value = self.get(key)
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            self.fail(key, "must be a list of names")
        for v in value:
            if allowed is not None and v not in allowed:
                self.fail(key, f"has '{v}': it must be of {', '.join(allowed)}")
        return tuple(value)

    def flag(self, key: str) -> bool:
        value = self.get(key)
        if not isinstance(value, bool):
            self.fail(key, f"must be true or false, not '{value}'")
        return value

    def address(self, key: str) -> str:
        value = self.get(key)
        if not isinstance(value, str) or not is_checksum_address(value):
            self.fail(key, f"is '{value}': it must be an address in quotes, with its checksum")
        return value

    def addresses(self, key: str) -> dict[int, str]:
        """Addresses by chain id; none if the key is missing."""
        if not self.has(key):
            return {}
        by_chain = self.get(key)
        if not isinstance(by_chain, dict):
            self.fail(key, "must be a group of addresses by chain id")
        for chain_id, address in by_chain.items():
            if isinstance(chain_id, bool) or not isinstance(chain_id, int) or chain_id < 1:
                self.fail(key, f"has '{chain_id}', which is no chain id")
            if not isinstance(address, str) or not is_checksum_address(address):
                self.fail(f"{key}.{chain_id}", f"is '{address}': it must be an address in quotes, with its checksum")
        return dict(by_chain)

    def done(self) -> None:
        for key in self._content:
            if key not in self._asked:
                known = ", ".join(sorted(self._asked))
                self.fail(str(key), f"is no setting (known here: {known})")
