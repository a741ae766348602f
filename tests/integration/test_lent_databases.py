"""What a test finds in a database that another one had before."""

import psycopg
from databases import Lender

PLAN = (
    "insert into plans (site, planned_at, status, trips, unserved, cost, bound, inversions,"
    " solve_s) values ('lang_son', now(), 'optimal', 1, 0, 0, 0, 0, 0) returning id"
)


def test_a_database_is_lent_again_without_its_rows_and_counts_from_one(lender: Lender):
    for _ in range(2):
        with lender.lent() as url, psycopg.connect(url) as conn:
            assert conn.execute("select count(*) from plans").fetchone() == (0,)
            assert conn.execute(PLAN).fetchone() == (1,)
    with lender.lent() as again:
        assert again == url


def test_a_database_with_another_table_or_right_is_not_lent_again(lender: Lender):
    for change in (
        "create table more (id int)",
        "revoke select on plans from flowctl_app",
        "alter table trips disable trigger all",
    ):
        with lender.lent() as url, psycopg.connect(url) as conn:
            conn.execute(change)  # type: ignore[arg-type]
        with lender.lent() as another:
            assert another != url
