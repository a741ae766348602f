"""What is a driver's own opens with his key alone, and with nothing once that is gone."""

import psycopg
import pytest
from pydantic import SecretStr

from flowctl.errors import FlowctlError
from flowctl.registry.keys import derive_keys
from flowctl.registry.persons import seal, unseal
from flowctl.storage.trips import insert_numberless_driver

KEYS = derive_keys(SecretStr("one secret of forty letters or so, one!"))
OTHERS = derive_keys(SecretStr("two secret of forty letters or so, two!"))
NAME = "Nguyễn Văn Ánh"


def test_what_was_sealed_opens_for_its_driver_and_for_nobody_else(database: str):
    with psycopg.connect(database) as conn:
        driver = insert_numberless_driver(conn, language="vi")
        other = insert_numberless_driver(conn, language="vi")
        cipher, again = seal(conn, KEYS, driver, NAME), seal(conn, KEYS, driver, NAME)
        seal(conn, KEYS, other, "of another")
        assert cipher != again
        assert unseal(conn, KEYS, driver, cipher) == unseal(conn, KEYS, driver, again) == NAME
        with pytest.raises(FlowctlError, match="does not open"):
            unseal(conn, KEYS, other, cipher)


def test_another_secret_does_not_open_a_drivers_key(database: str):
    with psycopg.connect(database) as conn:
        driver = insert_numberless_driver(conn, language="vi")
        cipher = seal(conn, KEYS, driver, NAME)
        with pytest.raises(FlowctlError, match="FLOWCTL_SECRET"):
            unseal(conn, OTHERS, driver, cipher)


def test_a_key_that_was_put_into_another_drivers_row_opens_nothing(database: str):
    with psycopg.connect(database) as conn:
        driver = insert_numberless_driver(conn, language="vi")
        other = insert_numberless_driver(conn, language="vi")
        cipher = seal(conn, KEYS, driver, NAME)
        conn.execute(
            "update drivers d set data_key = o.data_key from drivers o"
            " where d.id = %s and o.id = %s",
            [other, driver],
        )
        with pytest.raises(FlowctlError, match="does not open"):
            unseal(conn, KEYS, other, cipher)


def test_nothing_opens_once_the_key_is_destroyed(database: str):
    with psycopg.connect(database) as conn:
        driver = insert_numberless_driver(conn, language="vi")
        cipher = seal(conn, KEYS, driver, NAME)
        conn.execute("update drivers set data_key = null where id = %s", [driver])
        assert unseal(conn, KEYS, driver, cipher) is None
