"""The measure of coverage measures: what ran is covered, and nothing else is."""

import boa
import coverage
import pytest

from tests.coverage_vyper import PLUGIN_NAME, Recorder, executable_lines

MODULE = """\
total: uint256

@internal
def _add(n: uint256):
    if n == 0:
        return
    if n > 100:
        self.total = 100  # MODULE BIG
    else:
        self.total += n  # MODULE SMALL
"""

SOURCE = """\
import module
initializes: module

KIND: constant(uint256) = 10_000
LIMIT: immutable(uint256)
FEE: immutable(uint256)
ready: bool
values: DynArray[uint256, 4]

@deploy
def __init__(limit: uint256, fee: uint256):
    LIMIT = limit  # CTOR
    if limit > 50:
        self.values.append(limit)  # CTOR BIG
    else:
        self.values.append(1)  # CTOR SMALL
    self.ready = True  # CTOR
    FEE = fee  # CTOR

@internal
def _unused_until_called(n: uint256) -> uint256:
    return n + 1  # HELPER

@external
def run(n: uint256) -> uint256:
    y: uint256 = empty(uint256)  # RUN
    for i: uint256 in range(3):  # RUN
        if i == n:  # RUN
            y += 1  # N UNDER 3
            continue
        y += i  # RUN
    for v: uint256 in self.values:  # RUN
        y += v  # RUN
    if n == 10:  # RUN
        if n > LIMIT:  # N IS 10
            assert n > 1000, "too low"  # N IS 10 AND BEYOND LIMIT
    elif n == 11:  # N IS NOT 10
        y = self._unused_until_called(y)  # N IS 11
    else:
        y += (  # N IS NOT 10 OR 11
            1
        )
    module._add(n)  # RUN UNLESS REVERTED
    return y  # RUN UNLESS REVERTED

@external
def never() -> uint256:
    return 5  # NEVER

@external
@pure
def constants() -> (uint256, uint256):
    return KIND, 7  # CONSTANTS

@external
@pure
def kind() -> uint256:
    return KIND  # KIND

@external
def clear(n: uint256):
    if n == 1:  # CLEAR
        self.values = []  # CLEAR 1
    elif n == 2:  # CLEAR UNLESS 1
        assert n == 3, "three"  # CLEAR 2
    elif n == 4:  # CLEAR OVER 2
        self._reset()  # CLEAR 4

@internal
def _reset():
    self.ready = False  # CLEAR 4
"""

FACTORY = """\
interface Probe:
    def run(n: uint256) -> uint256: nonpayable

@external
def make(blueprint: address, limit: uint256, n: uint256) -> address:
    made: address = create_from_blueprint(blueprint, limit, convert(1, uint256), code_offset=3)
    y: uint256 = extcall Probe(made).run(n)
    return made
"""


def tagged(source, *tags):
    return {i for i, line in enumerate(source.splitlines(), 1) if line.partition("  # ")[2] in tags and "  # " in line}


@pytest.fixture
def probe(tmp_path, monkeypatch):
    (tmp_path / "module.vy").write_text(MODULE)
    (tmp_path / "probe.vy").write_text(SOURCE)
    (tmp_path / "factory.vy").write_text(FACTORY)
    monkeypatch.chdir(tmp_path)
    return boa.load_partial(str(tmp_path / "probe.vy"))


@pytest.fixture
def recorder(probe, tmp_path):
    recorder = Recorder(tmp_path)
    recorder.register(probe.compiler_data)
    return recorder


def hits(recorder, tmp_path, name="probe.vy"):
    return recorder.hits.get(str(tmp_path / name), set())


CTOR_SMALL = tagged(SOURCE, "CTOR", "CTOR SMALL") | {13}
RUN = tagged(SOURCE, "RUN", "RUN UNLESS REVERTED")


def test_lines__every_statement_with_code__is_counted_once():
    lines = executable_lines(SOURCE)
    assert lines == {i for i, line in enumerate(SOURCE.splitlines(), 1) if "  # " in line} | {13}
    # the `return` without a value has no opcodes
    assert executable_lines(MODULE) == {5, 7, 8, 10}


def test_hits__constructor__only_the_branch_taken(probe, recorder, tmp_path):
    recorder.record(probe.deploy(3, 1)._computation)
    assert hits(recorder, tmp_path) == CTOR_SMALL


@pytest.mark.parametrize(
    "n, more, module",
    [
        (0, ["N UNDER 3", "N IS NOT 10", "N IS NOT 10 OR 11"], {5}),
        (10, ["N IS 10"], {5, 7, 10}),
        (11, ["N IS NOT 10", "N IS 11", "HELPER"], {5, 7, 10}),
        (500, ["N IS NOT 10", "N IS NOT 10 OR 11"], {5, 7, 8}),
    ],
)
def test_hits__each_branch__only_what_ran(probe, recorder, tmp_path, n, more, module):
    contract = probe.deploy(20, 1)
    contract.run(n)
    recorder.record(contract._computation)
    assert hits(recorder, tmp_path) == RUN | tagged(SOURCE, *more)
    assert hits(recorder, tmp_path, "module.vy") == module


@pytest.mark.parametrize(
    "n, tags",
    [
        (0, ["CLEAR", "CLEAR UNLESS 1", "CLEAR OVER 2"]),
        (4, ["CLEAR", "CLEAR UNLESS 1", "CLEAR OVER 2", "CLEAR 4"]),
        (1, ["CLEAR", "CLEAR 1"]),
        (2, ["CLEAR", "CLEAR UNLESS 1", "CLEAR 2"]),
    ],
)
def test_hits__branches_that_end_the_function__only_what_ran(probe, recorder, tmp_path, n, tags):
    contract = probe.deploy(5, 1)
    if n == 2:
        with boa.reverts("three"):
            contract.clear(n)
    else:
        contract.clear(n)
    recorder.record(contract._computation)
    assert hits(recorder, tmp_path) == tagged(SOURCE, *tags)


def test_hits__constructor_that_reverts__nothing_after_the_failing_line(tmp_path):
    source = """\
A: immutable(uint256)

@deploy
def __init__(a: uint256):
    assert a < 5, "too high"
    A = a
"""
    (tmp_path / "refuser.vy").write_text(source)
    deployer = boa.load_partial(str(tmp_path / "refuser.vy"))
    recorder = Recorder(tmp_path)
    recorder.register(deployer.compiler_data)
    _, computation = boa.env.deploy(bytecode=deployer.compiler_data.bytecode + (9).to_bytes(32, "big"))
    recorder.record(computation)
    assert hits(recorder, tmp_path, "refuser.vy") == {5}
    recorder.record(deployer.deploy(4)._computation)
    assert hits(recorder, tmp_path, "refuser.vy") == {5, 6}


def test_hits__constant_answers__are_counted(probe, recorder, tmp_path):
    contract = probe.deploy(5, 1)
    contract.kind()
    recorder.record(contract._computation)
    assert hits(recorder, tmp_path) == tagged(SOURCE, "KIND")
    contract.constants()
    recorder.record(contract._computation)
    assert hits(recorder, tmp_path) == tagged(SOURCE, "KIND", "CONSTANTS")


def test_hits__reverted_call__nothing_after_the_failing_line(probe, recorder, tmp_path):
    contract = probe.deploy(5, 1)
    with boa.reverts("too low"):
        contract.run(10)
    recorder.record(contract._computation)
    expected = tagged(SOURCE, "RUN", "N IS 10", "N IS 10 AND BEYOND LIMIT")
    assert hits(recorder, tmp_path) == expected


def test_hits__internal_function_called_directly__is_counted(probe, recorder, tmp_path):
    contract = probe.deploy(3, 1)
    with contract._anchor_source_map(contract.internal._unused_until_called._source_map):
        contract.internal._unused_until_called(4)
        recorder.record(contract._computation, contract)
    assert hits(recorder, tmp_path) == tagged(SOURCE, "HELPER")


def test_hits__contract_made_from_a_blueprint__is_counted(probe, recorder, tmp_path):
    factory = boa.load(str(tmp_path / "factory.vy"))
    factory.make(probe.deploy_as_blueprint().address, 3, 11)
    recorder.record(factory._computation)
    assert hits(recorder, tmp_path) == CTOR_SMALL | RUN | tagged(SOURCE, "N IS NOT 10", "N IS 11", "HELPER")


def test_report__through_coverage__misses_exactly_what_did_not_run(probe, recorder, tmp_path):
    contract = probe.deploy(20, 1)
    contract.run(0)
    recorder.record(contract._computation)
    (tmp_path / "untouched.vy").write_text("@external\ndef f() -> uint256:\n    return 1\n")
    recorder.write(str(tmp_path / "data"))

    config = tmp_path / "coveragerc"
    config.write_text(f"[run]\nplugins = {PLUGIN_NAME.rpartition('.')[0]}\n")
    report = coverage.Coverage(data_file=str(tmp_path / "data"), config_file=str(config))
    report.load()
    missing = {name: set(report.analysis2(str(tmp_path / name))[3]) for name in ("probe.vy", "module.vy", "untouched.vy")}
    assert missing["probe.vy"] == executable_lines(SOURCE) - RUN - tagged(SOURCE, "N UNDER 3", "N IS NOT 10", "N IS NOT 10 OR 11")
    assert missing["module.vy"] == {7, 8, 10}
    assert missing["untouched.vy"] == {3}
