"""What is measured: our contracts as the project compiles them, the peers' as npm has them."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from bench.world import BenchError, World
from plimsoll import abi
from plimsoll.abi import Artifact, Artifacts, Contract, Interface

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
V2_CORE = "@uniswap/v2-core"
V2_PERIPHERY = "@uniswap/v2-periphery"
V3_CORE = "@uniswap/v3-core"
V3_PERIPHERY = "@uniswap/v3-periphery"
AAVE = "@aave/core-v3"

# What stands in for the rest of the world
STAND_INS = ("ConstantOracle", "LeanCaller", "LeanFeed", "LeanFlashBorrower")


@functools.cache
def ours() -> Artifacts:
    return abi.artifacts(sources={**abi.SOURCES, **{name: f"contracts/testing/{name}.vy" for name in STAND_INS}})


def package_version(package: str) -> str:
    return str(_json(MODULES / package / "package.json")["version"])


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise BenchError(f"{path.relative_to(ROOT)} is missing: run `npm ci`, or `make gas`, which does it") from None


def uniswap(package: str, name: str) -> Artifact:
    """Of V2, where the files lie in one folder; of V3 `name` is a path: "lens/QuoterV2"."""
    contract = name.rsplit("/", 1)[-1]
    path = f"build/{name}.json" if package in (V2_CORE, V2_PERIPHERY) else f"artifacts/contracts/{name}.sol/{contract}.json"
    entry = _json(MODULES / package / path)
    return Artifact(contract, Interface(entry["abi"], contract), bytes.fromhex(entry["bytecode"].removeprefix("0x")))


def adapted(client: Artifact, published: bytes, own: bytes) -> Artifact:
    """A client of Uniswap's for other pools: it computes their addresses from a hash of init code that stands in its code."""
    if client.init_code.count(published) != 1:
        raise BenchError(f"the hash of the pools' init code does not stand exactly once in {client.name}")
    return Artifact(client.name, client.interface, client.init_code.replace(published, own))


class Linker:
    """Aave's contracts, each with the libraries that it links, which are deployed as they are needed."""

    def __init__(self, world: World):
        self._world = world
        self._libraries: dict[str, str] = {}

    def artifact(self, path: str) -> Artifact:
        """`path` as in the package: "protocol/pool/Pool"."""
        name = path.rsplit("/", 1)[1]
        entry = _json(MODULES / AAVE / "artifacts/contracts" / f"{path}.sol/{name}.json")
        code: str = entry["bytecode"].removeprefix("0x")
        for source, libraries in entry["linkReferences"].items():
            for library, places in libraries.items():
                address = self._library(source.removeprefix("contracts/").removesuffix(".sol"), library)
                for place in places:
                    start = place["start"] * 2
                    code = code[:start] + address[2:].lower() + code[start + 40 :]
        return Artifact(name, Interface(entry["abi"], name), bytes.fromhex(code))

    def _library(self, path: str, name: str) -> str:
        if name not in self._libraries:
            address, _ = self._world.deploy_code(self._world.owner, self.artifact(path).init_code)
            self._libraries[name] = address
        return self._libraries[name]

    def deploy(self, path: str, *args: Any) -> Contract:
        return self._world.deploy(self._world.owner, self.artifact(path), *args)
