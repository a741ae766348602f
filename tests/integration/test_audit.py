import psycopg
import pytest
from border import MORNING, border

from flowctl.storage.audit import By, add_record

ANH = By("anh", "operator", "203.0.113.7")


def test_an_act_is_written_with_who_when_from_where_before_and_after(database: str):
    with border(database) as place:
        add_record(
            place.conn,
            place.site.id,
            ANH,
            act="hold.begin",
            subject="trip:412",
            before=None,
            after={"reason": "papers"},
            at=MORNING,
        )
        [row] = place.conn.execute(
            "select account, role, host(address), act, subject, before, after, at,"
            " wall_at > now() - interval '1 minute' from audit"
        ).fetchall()
    assert row == (
        *("anh", "operator", "203.0.113.7", "hold.begin", "trip:412"),
        *(None, {"reason": "papers"}, MORNING, True),
    )


@pytest.mark.parametrize("change", ["update audit set account = 'x'", "delete from audit"])
def test_not_even_who_owns_the_log_changes_it_by_mistake(
    database: str, owner_url: str, change: str
):
    with border(database) as place:
        add_record(
            place.conn, "here", ANH, act="a.b", subject="c", before=None, after=None, at=MORNING
        )
    with (
        psycopg.connect(owner_url) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="stays written"),
    ):
        conn.execute(change.encode())
