"""Connections: a lost host is noticed, a lost connection not handed out, another server found."""

import socket
import time
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from flowctl.storage.connections import CONNECT_S, SILENT_S, connect, make_pool


def test_both_sides_notice_a_silent_host_within_seconds(database: str):
    with connect(database) as conn:
        made = socket.socket(fileno=socket.dup(conn.pgconn.socket))
        with made:
            assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            ours = made.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        row = conn.execute("select current_setting('tcp_user_timeout')").fetchone()
    assert ours == SILENT_S * 1000
    assert row in {("10s",), ("10000",)}
    assert CONNECT_S + SILENT_S < 12


def test_a_connection_that_was_lost_while_nobody_used_it_is_not_handed_out(database: str):
    with make_pool(database, most=2, wait_s=5.0) as pool:
        pool.wait()
        with pool.connection() as conn:
            lost = conn.info.backend_pid
        with connect(database, autocommit=True) as other:
            other.execute("select pg_terminate_backend(%s, 5000)", [lost])
        time.sleep(0.05)
        with pool.connection() as conn:
            assert conn.execute("select 1").fetchone() == (1,)


def test_of_several_servers_the_one_that_takes_writes_is_found(database: str):
    parts = urlsplit(database)
    dead = parts._replace(netloc=parts.netloc.replace("@", "@127.0.0.1:1,"))
    with connect(f"{dead.geturl()}?target_session_attrs=read-write") as conn:
        assert conn.info.port == parts.port


def test_where_no_server_takes_writes_it_is_said(database: str):
    with connect(database, autocommit=True) as conn:
        conn.execute(
            sql.SQL(
                "alter role current_user in database {} set default_transaction_read_only = on"
            ).format(sql.Identifier(conn.info.dbname))
        )
    with pytest.raises(psycopg.OperationalError, match="read-only"):
        connect(f"{database}?target_session_attrs=read-write")
