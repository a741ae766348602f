"""The private key of the ledger, in a file of its own: it signs heads, and opens nothing else."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flowctl.errors import ConflictError, FlowctlError

_SEED_BYTES = 32


def make_key(path: Path) -> Ed25519PrivateKey:
    """Make a key and keep it in a file of its own, which only its owner may read.

    Raises
    ------
    ConflictError
        There is such a file: a key is never overwritten.
    """
    key = Ed25519PrivateKey.generate()
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise ConflictError(
            f"{path} is there already, and a key is not overwritten; name another file."
        ) from None
    path.write_text(key.private_bytes_raw().hex() + "\n")
    return key


def read_key(path: Path) -> Ed25519PrivateKey:
    """Return the key of a file.

    Raises
    ------
    FlowctlError
        The file is not there, or holds no key.
    """
    try:
        seed = bytes.fromhex(path.read_text().strip())
    except OSError as error:
        raise FlowctlError(
            f"The key of the ledger cannot be read from {path}: {error.strerror}; make one with:"
            f" flowctl ledger key {path}"
        ) from error
    except ValueError:
        seed = b""
    if len(seed) != _SEED_BYTES:
        raise FlowctlError(
            f"{path} holds no key: 64 hexadecimal digits are expected; make one with:"
            f" flowctl ledger key {path}"
        )
    return Ed25519PrivateKey.from_private_bytes(seed)
