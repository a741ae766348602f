"""An exported ledger checked by somebody outside: no database, no secret of the site."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from command_line import run_command
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flowctl.ledger.chain import Head, Kept, genesis, line_of, link
from flowctl.ledger.codes import code_of
from flowctl.ledger.entries import Entry, Kind
from flowctl.ledger.signing import shown, sign
from flowctl.ledger_key import make_key

NOON = datetime(2024, 1, 23, 5, 0, tzinfo=UTC)


def public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


class Auditor:
    """Somebody with files alone: an export of twelve rows, and heads that are signed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = make_key(folder / "key")
        entries = [Entry(Kind.PAPER, NOON + timedelta(minutes=i)) for i in range(12)]
        begin = Head("lang_son", 0, genesis("lang_son"), NOON)
        self.rows = link(begin, entries, policy="default", subjects={}, now=NOON)

    def export(self, rows: list[Kept]) -> str:
        path = self.folder / "ledger.ndjson"
        path.write_bytes(b"".join(line_of(kept) + b"\n" for kept in rows))
        return str(path)

    def head(self, row: int, key: Ed25519PrivateKey | None = None) -> str:
        path = self.folder / f"head{row}.json"
        head = Head("lang_son", row, self.rows[row - 1].hash, NOON)
        path.write_bytes(msgspec.json.encode(shown(sign(head, key or self.key, now=NOON))))
        return str(path)

    def verify(self, *arguments: str, code: int = 0, key_file: bool = False) -> str:
        """Check the export; settings that need a secret would refuse this one."""
        env = {"FLOWCTL_SECRET": "none", "FLOWCTL_DEMO": "false"}
        if key_file:
            env["FLOWCTL_LEDGER_KEY_FILE"] = str(self.folder / "key")
        done = run_command("ledger", "verify", *arguments, env=env, code=code)
        return done.stdout + done.stderr


@pytest.fixture
def auditor(tmp_path: Path) -> Auditor:
    return Auditor(tmp_path)


def test_a_head_by_another_key_than_the_sites_is_refused_with_both_keys(auditor: Auditor):
    file, forger = auditor.export(auditor.rows), Ed25519PrivateKey.generate()
    ours = public(auditor.key)
    forged = ("--file", file, "--against", auditor.head(12, forger))
    assert f"Compare the key {public(forger)} with the site's" in auditor.verify(*forged)
    for said in (
        auditor.verify(*forged, "--key", ours, code=2),
        auditor.verify(*forged, key_file=True, code=2),
    ):
        assert f"bears the key {public(forger)}, which is not the site's {ours}" in said
        assert "is whole" not in said
    true = ("--file", file, "--against", auditor.head(12), "--key")
    assert "It agrees with 1 kept outside." in auditor.verify(*true, ours)
    assert "'deadbeef' is no public key: 64 hex" in auditor.verify(*true, "deadbeef", code=1)


def test_rows_that_an_export_leaves_out_are_not_said_to_be_whole(auditor: Auditor):
    file, code = auditor.export(auditor.rows[4:]), code_of(auditor.rows[1].hash)
    said = auditor.verify("--file", file, "--against", auditor.head(12))
    assert "is whole" not in said
    assert "The rows of lang_son from 5 on hold together: 8 rows up to row 12" in said
    assert "Rows 1 to 4 are not in" in said
    assert "agrees with 1" in auditor.verify("--file", file, "--against", auditor.head(4))
    for earlier, sentence in (
        (auditor.head(2), "knows row 2, but here are only rows from 5 on"),
        (code, f"No row has the code {code}: the row it was given for stands before row 5"),
    ):
        assert sentence in auditor.verify("--file", file, "--against", earlier, code=2)


def test_a_code_is_taken_as_the_message_shows_it_and_a_missing_file_is_named(auditor: Auditor):
    file, code = auditor.export(auditor.rows), code_of(auditor.rows[2].hash)
    for text in (f"#{code}", f" # {code[:4]} {code[4:]}", f"#{code[:4]}-{code[4:].lower()}"):
        assert "It agrees with 1" in auditor.verify("--file", file, "--against", text)
    for name in ("missing.json", str(auditor.folder / "missing")):
        said = auditor.verify("--file", file, "--against", name, code=1)
        assert f"There is no file {name} with a signed head" in said
    assert "is no code of the ledger" in auditor.verify("--file", file, "--against", "x", code=1)
