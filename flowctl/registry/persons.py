"""What is a driver's own: encrypted under a key of his, and gone for good once that is destroyed.

The key is random, and stands in the driver's row, itself encrypted under the deployment's secret.
What is encrypted by it is bound to that driver: where a trip's driver changes, it is sealed anew.
"""

from flowctl.registry.keys import (
    Keys,
    decrypt_own,
    encrypt_own,
    new_own_key,
    unwrap_key,
    wrap_key,
)
from flowctl.storage import persons as stored
from flowctl.storage.persons import Connection


def seal(conn: Connection, keys: Keys, driver_id: int, text: str) -> bytes:
    """Encrypt what is a driver's own, in the caller's transaction; the first time makes his key.

    Parameters
    ----------
    conn
        The transaction that keeps what comes of it.
    keys
        Of the deployment.
    driver_id
        Whose it is.
    text
        Of any length; differs as a cipher at every call.
    """
    wrapped = stored.find_data_key(conn, driver_id)
    if wrapped is None:
        fresh = wrap_key(keys.person_wrap, new_own_key(), _whose(driver_id))
        wrapped = stored.keep_data_key(conn, driver_id, fresh)
    own = unwrap_key(keys.person_wraps, wrapped, _whose(driver_id))
    return encrypt_own(own, text.encode(), _whose(driver_id))


def unseal(conn: Connection, keys: Keys, driver_id: int, cipher: bytes) -> str | None:
    """Return what was sealed; None once his key was destroyed.

    Raises
    ------
    FlowctlError
        It was sealed under another secret or for another driver, or is damaged.
    """
    wrapped = stored.find_data_key(conn, driver_id)
    if wrapped is None:
        return None
    own = unwrap_key(keys.person_wraps, wrapped, _whose(driver_id))
    return decrypt_own(own, cipher, _whose(driver_id)).decode()


def _whose(driver_id: int) -> str:
    return f"driver {driver_id}"
