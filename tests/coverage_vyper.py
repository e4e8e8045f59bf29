"""Line coverage of Vyper sources, measured from titanoboa's traces of program counters.

titanoboa's own plugin counts the whole span of the syntax node that an opcode belongs to. The span of a `FunctionDef`, an `If` or a `For` is
its whole body, so entering a function covers all of it. Here an opcode counts for one statement only, and these rules keep that honest:

* Opcodes of `Module`, `FunctionDef`, `If` and `For` nodes count for nothing: they are selectors, locks, clean-up and jumps.
* Jumps, their labels and their targets count for nothing: the optimiser merges them across statements. Nor does the offset of an argument in
  the calldata, a constant that the compiler ascribes to the last statement that reads the argument.
* The jump of a call to an internal function is the exception, and a constructor that succeeded proves all statements of its outermost block.
* A statement that ran proves that the statements before it in its block ran, and the header that its block hangs on. (Some have no opcode.)
* `pass`, `break`, `continue` and a `return` without a value have no opcodes but jumps, and are not counted as lines.
* A contract is recognised by its code, so that constructors, blueprints and contracts made by factories count without being registered.

The tracer of Python is not involved, which keeps the tests at full speed: each process writes a data file of coverage.py, and
`coverage combine` and `coverage report` do the rest, with the class `VyperCoverage` to tell them which lines a source has.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import coverage
import vyper.ast as vy_ast
from coverage.plugin import CoveragePlugin, FileReporter
from coverage.plugin_support import Plugins
from vyper.ast.parse import parse_to_ast

JUMP, JUMPI, JUMPDEST, PUSH0, PUSH32 = 0x56, 0x57, 0x5B, 0x5F, 0x7F
COMPOUND = (vy_ast.FunctionDef, vy_ast.If, vy_ast.For)
PLUGIN_NAME = f"{__name__}.VyperCoverage"

Line = tuple[str, int]
Pending = dict[int, frozenset[Line]]


def _blocks(node: vy_ast.VyperNode) -> list[list[vy_ast.VyperNode]]:
    return [node.body, node.orelse] if isinstance(node, vy_ast.If) else [node.body]


def _statements(node: vy_ast.VyperNode) -> Iterator[vy_ast.VyperNode]:
    for block in _blocks(node):
        for statement in block:
            yield statement
            if isinstance(statement, COMPOUND):
                yield from _statements(statement)


def _has_code(statement: vy_ast.VyperNode) -> bool:
    if statement.lineno is None:  # made by the compiler, such as the getter of a public constant
        return False
    if isinstance(statement, (vy_ast.Pass, vy_ast.Break, vy_ast.Continue)):
        return False
    return not (isinstance(statement, vy_ast.Return) and statement.value is None)


def executable_lines(source: str) -> set[int]:
    """First lines of all statements that have code."""
    module = parse_to_ast(source)
    functions = module.get_children(vy_ast.FunctionDef)
    return {s.lineno for f in functions for s in _statements(f) if _has_code(s)}


def _proven_lines(node: vy_ast.VyperNode) -> set[int]:
    """Lines that have run for certain when an opcode of this node has run."""
    lines: set[int] = set()
    if isinstance(node, (vy_ast.Module, *COMPOUND)):
        return lines
    parent = node._parent
    while parent is not None and not isinstance(parent, vy_ast.Module):
        if isinstance(parent, COMPOUND):
            block = next((b for b in _blocks(parent) if any(s is node for s in b)), None)
            if block is not None:
                for statement in block:
                    if _has_code(statement):
                        lines.add(statement.lineno)
                    if statement is node:
                        break
            elif isinstance(parent, vy_ast.FunctionDef):
                return set()  # a decorator, an argument or its default
        node, parent = parent, parent._parent
    return lines if isinstance(node, vy_ast.FunctionDef) else set()


def _is_argument(node: vy_ast.VyperNode) -> bool:
    function = node.get_ancestor(vy_ast.FunctionDef)
    while isinstance(node, (vy_ast.Attribute, vy_ast.Subscript)):
        node = node.value
    return function is not None and isinstance(node, vy_ast.Name) and node.id in {a.arg for a in function.args.args}


def _proves_nothing(code: bytes, pc: int, node: vy_ast.VyperNode) -> bool:
    opcode = code[pc]
    if PUSH0 <= opcode <= PUSH32:
        next_pc = pc + 1 + opcode - PUSH0
        return _is_argument(node) or code[next_pc : next_pc + 1] in (bytes([JUMP]), bytes([JUMPI]))
    if opcode == JUMP:
        return not isinstance(node, (vy_ast.Call, vy_ast.Expr))
    return opcode in (JUMPI, JUMPDEST)


class Recorder:
    """Collects the lines that ran, of sources below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.hits: dict[str, set[int]] = {}
        self._known: dict[bytes, Pending] = {}
        self._constructors: dict[bytes, frozenset[Line]] = {}

    def register(self, compiler_data: Any) -> None:
        """Learn a contract's code, so that any execution of it is recognised."""
        from boa.interpret import _compute_source_map
        from vyper.compiler.settings import anchor_settings
        from vyper.ir import compile_ir

        with anchor_settings(compiler_data.settings):
            deploy, runtime = compiler_data.bytecode, compiler_data.bytecode_runtime
            if runtime in self._known:
                return
            runtime_map = getattr(compiler_data, "source_map", None) or _compute_source_map(compiler_data)
            deploy_map = getattr(compiler_data, "deployment_source_map", None) or compile_ir.assembly_to_evm(compiler_data.assembly)[1]
        self._learn(runtime, runtime_map)
        self._learn(deploy, deploy_map)
        for function in compiler_data.annotated_vyper_module.get_children(vy_ast.FunctionDef):
            if function.name == "__init__" and not function.get_descendants(vy_ast.Return):
                self._constructors[deploy] = self._lines_of(function.body[-1])

    def record(self, computation: Any, contract: Any = None) -> None:
        """Count a computation and those it called. `contract` is needed for boa's internal functions only."""
        code = computation.code
        pending = self._find(code._raw_code_bytes, contract)
        if pending:
            for pc in pending.keys() & code._trace:
                self._hit(pending.pop(pc))
        if computation.msg.is_create and not computation.is_error:
            for deploy, lines in self._constructors.items():
                if code._raw_code_bytes.startswith(deploy):
                    self._hit(lines)
        for child in computation.children:
            self.record(child)

    def write(self, data_file: str, suffix: str | None = None) -> None:
        data = coverage.CoverageData(basename=data_file, suffix=suffix)
        data.add_lines(self.hits)
        data.add_file_tracers(dict.fromkeys(self.hits, PLUGIN_NAME))
        for path in map(str, sorted(self.root.rglob("*.vy"))):
            if path not in self.hits:
                data.touch_file(path, PLUGIN_NAME)
        data.write()

    def _hit(self, lines: frozenset[Line]) -> None:
        for path, line in lines:
            self.hits.setdefault(path, set()).add(line)

    def _find(self, code: bytes, contract: Any) -> Pending | None:
        for known, pending in self._known.items():
            if code.startswith(known):
                return pending
        if contract is not None and getattr(contract, "source_map", None) is not None:
            return self._learn(code, contract.source_map)
        return None

    def _learn(self, code: bytes, source_map: Mapping[str, Any]) -> Pending:
        pending: Pending = {}
        cache: dict[int, frozenset[Line]] = {}
        for pc, node in source_map["pc_raw_ast_map"].items():
            if pc >= len(code) or _proves_nothing(code, pc, node):
                continue
            if id(node) not in cache:
                cache[id(node)] = self._lines_of(node)
            if cache[id(node)]:
                pending[pc] = cache[id(node)]
        return self._known.setdefault(code, pending)

    def _lines_of(self, node: vy_ast.VyperNode) -> frozenset[Line]:
        path = Path(node.module_node.resolved_path or "")
        if path.suffix != ".vy" or not path.is_relative_to(self.root):
            return frozenset()
        return frozenset((str(path), line) for line in _proven_lines(node))


def install(recorder: Recorder) -> None:
    """Make every titanoboa environment of this process report to `recorder`."""
    from boa.contracts.vyper.vyper_contract import VyperDeployer
    from boa.environment import Env

    original_init = VyperDeployer.__init__

    def __init__(self: Any, compiler_data: Any, filename: Any = None) -> None:
        original_init(self, compiler_data, filename)
        recorder.register(compiler_data)

    VyperDeployer.__init__ = __init__
    Env._coverage_enabled = True
    Env._trace_computation = lambda self, computation, contract=None: recorder.record(computation, contract)


class VyperReporter(FileReporter):
    def lines(self) -> set[int]:
        return executable_lines(self.source())


class VyperCoverage(CoveragePlugin):
    def file_reporter(self, filename: str) -> FileReporter:
        return VyperReporter(filename)


def coverage_init(registry: Plugins, options: Any) -> None:
    registry.add_file_tracer(VyperCoverage())
