"""Two roles of the database: the one that migrates owns the ledger, the processes' one all else.

The processes' role makes and drops partitions, analyses and refreshes, so it owns what it works
on. In the ledger it reads and adds only, and can neither change a row nor take away what refuses
that: it is not the tables' owner. Its one update, the number and hash of a site's newest row, can
be misused to point the head elsewhere; ``flowctl ledger verify`` finds that, as head and rows then
part, and so does whoever signs next.
"""

import psycopg
from psycopg import pq, sql
from psycopg.rows import TupleRow

from flowctl.errors import ConflictError

Connection = psycopg.Connection[TupleRow]

LEDGER_TABLES = ("ledger", "ledger_heads", "ledger_signatures")
"""What the processes only read and add to."""
GUARDED_TABLES = (*LEDGER_TABLES, "audit")
"""The ledger, and who did what: nobody may change either through the application."""
_KEPT = (*GUARDED_TABLES, "alembic_version")
"""What stays with who migrates; who could set the revision back could have tables made anew."""


def user_of(url: str) -> str:
    """Return the role an address connects as, by libpq's rules."""
    return _given(url, b"user").decode()


def make_role(conn: Connection, url: str) -> None:
    """Make the role an address connects as, with the address's password, where there is none.

    Raises
    ------
    ConflictError
        There is none, and the connection's role may not make one.
    """
    name = user_of(url)
    if conn.execute("select 1 from pg_roles where rolname = %s", [name]).fetchone() is None:
        # Hashed here, so that no log of the server holds the password.
        password = conn.pgconn.encrypt_password(
            _given(url, b"password"), name.encode(), b"scram-sha-256"
        )
        try:
            with conn.transaction():
                conn.execute(
                    sql.SQL("create role {} login password {}").format(
                        sql.Identifier(name), sql.Literal(password.decode())
                    )
                )
        except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            pass  # made meanwhile, for another database of this server
        except psycopg.errors.InsufficientPrivilege as error:
            raise ConflictError(
                f"There is no role {name} that the processes could connect as, and the role that"
                f" migrates may not make one. Let an administrator of the server run: create role"
                f" {name} login password '…'; grant {name} to {conn.info.user};"
            ) from error


def hand_over(conn: Connection, name: str) -> None:
    """Give a role everything but the ledger, and of the ledger what adding to it needs.

    In the caller's transaction, as the role that migrates. What is as it should be stays untouched,
    so that a further call locks nothing.

    Raises
    ------
    ConflictError
        The connection's role may not act for the other, or does not own what it should give.
    """
    role = sql.Identifier(name)
    try:
        # Nothing to do for a superuser; else later revisions could not change what is given away.
        if not _is_true(conn, "select pg_has_role(%s, 'usage')", name):
            conn.execute(sql.SQL("grant {} to current_user").format(role))
        _let_make_tables(conn, name)
        aggregates = _list_aggregates(conn)
        for table in _list_owned_otherwise(conn, name, kept=False):
            # Only so said does TimescaleDB give away what lies below a continuous aggregate, too.
            kind = sql.SQL("materialized view" if table in aggregates else "table")
            conn.execute(
                sql.SQL("alter {} {} owner to {}").format(kind, sql.Identifier(table), role)
            )
        for table in _list_owned_otherwise(conn, conn.info.user, kept=True):
            conn.execute(
                sql.SQL("alter table {} owner to current_user").format(sql.Identifier(table))
            )
        _let_add(conn, role)
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConflictError(
            f"The role {conn.info.user} cannot set {name} up for the processes:"
            f" {str(error).strip()}. It must own the database and its tables, and be a member of"
            f" {name}; or migrate as a superuser."
        ) from error


def describe_guard(conn: Connection) -> str:
    """Return a sentence about what keeps the connection's role from changing the ledger.

    The database must be migrated.
    """
    own, owner, free = _find_guard(conn)
    if free:
        return (
            f"The ledger is guarded by its chain alone, not by the server: the role {own}, as which"
            " the processes connect, can take away what refuses changes."
        )
    return f"The ledger belongs to the role {owner}: the server lets {own} add to it, no more."


def is_guarded(conn: Connection) -> bool:
    """Tell whether the server keeps the connection's role from changing the ledger."""
    _, _, free = _find_guard(conn)
    return not free


def _find_guard(conn: Connection) -> TupleRow:
    """Return our role, the ledger's, and whether ours may take away what refuses changes."""
    return _one(
        conn,
        "select current_user, min(pg_get_userbyid(c.relowner)), bool_or(r.rolsuper"
        # A schema's owner may drop what others made in it; PUBLIC's belongs to the database's.
        "  or r.rolcreaterole or pg_has_role(c.relowner, 'member')"
        "  or pg_has_role(n.nspowner, 'member')"
        "  or has_table_privilege(c.oid, 'update, delete, truncate, trigger'))"
        " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " join pg_roles r on r.rolname = current_user"
        " where n.nspname = current_schema() and c.relname = any(%s)",
        list(GUARDED_TABLES),
    )


def refuse_without_owner(conn: Connection) -> None:
    """Raise a ConflictError where the ledger's tables belong to a role we cannot act for."""
    row = conn.execute(
        "select pg_get_userbyid(relowner) from pg_class"
        " where oid = to_regclass('ledger') and not pg_has_role(relowner, 'usage')"
    ).fetchone()
    if row is not None:
        raise ConflictError(
            f"The ledger belongs to the role {row[0]}, so {conn.info.user} cannot migrate this"
            f" database. Give FLOWCTL_OWNER_URL, an address that connects as {row[0]}."
        )


def _let_make_tables(conn: Connection, name: str) -> None:
    """Let a role make tables, such as days of fixes, beside those it is given."""
    allowed = "select has_schema_privilege(%s, current_schema(), 'create')"
    if not _is_true(conn, allowed, name):
        [schema] = _one(conn, "select current_schema()")
        conn.execute(
            sql.SQL("grant usage, create on schema {} to {}").format(
                sql.Identifier(schema), sql.Identifier(name)
            )
        )


def _list_owned_otherwise(conn: Connection, owner: str, *, kept: bool) -> list[str]:
    """Return the tables and views of those that stay, or that do not, which another role owns."""
    rows = conn.execute(
        "select relname from pg_class c"
        " where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'v', 'm')"
        " and pg_get_userbyid(relowner) <> %s and (relname = any(%s)) = %s"
        " and not exists (select from pg_depend where classid = 'pg_class'::regclass"
        "  and objid = c.oid and deptype = 'e')"  # what an extension made
        # A view belongs to whom its tables belong before it does.
        " order by relkind in ('v', 'm'), relname",
        [owner, list(_KEPT), kept],
    ).fetchall()
    return [name for (name,) in rows]


def _list_aggregates(conn: Connection) -> list[str]:
    """Return the continuous aggregates; only TimescaleDB has any."""
    catalogue = "timescaledb_information.continuous_aggregates"
    if _one(conn, "select to_regclass(%s)", catalogue)[0] is None:
        return []
    rows = conn.execute(
        "select view_name from timescaledb_information.continuous_aggregates"
        " where view_schema = current_schema()"
    ).fetchall()
    return [name for (name,) in rows]


def _let_add(conn: Connection, role: sql.Identifier) -> None:
    for granted in (
        "select, insert on ledger, ledger_signatures, audit",
        "select, insert, update (seq, hash, at) on ledger_heads",
        "select on alembic_version",
    ):
        conn.execute(sql.SQL("grant " + granted + " to {}").format(role))


def _is_true(conn: Connection, question: str, name: str) -> bool:
    return bool(_one(conn, question, name)[0])


def _one(conn: Connection, question: str, *values: object) -> TupleRow:
    row = conn.execute(question.encode(), values).fetchone()
    if row is None:
        raise RuntimeError(f"The database says nothing to: {question}")
    return row


def _given(url: str, keyword: bytes) -> bytes:
    """Return what an address says, or else the environment (PGUSER, PGPASSWORD) or the system."""
    said = [*pq.Conninfo.parse(url.encode()), *pq.Conninfo.get_defaults()]
    return next((one.val for one in said if one.keyword == keyword and one.val), b"")
