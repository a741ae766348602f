"""The commands that draw a day, as somebody types them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from border import Border, after, border
from command_line import run_command
from road import drive

PNG = b"\x89PNG\r\n\x1a\n"
DAY = ("--day", "2024-01-23")
PLATE = "12C-000.01"


class Desk:
    """A morning at the border, and the commands that draw it."""

    def __init__(self, database: str, place: Border, folder: Path) -> None:
        self.database = database
        self.place = place
        self.png = folder / "day.png"

    def draw(self, *arguments: str, png: Path | None = None, refused: bool = False) -> str:
        """Return what a command said, on standard error where it is to refuse."""
        return self.run(*arguments, "--png", str(png or self.png), refused=refused)

    def run(self, *arguments: str, refused: bool = False) -> str:
        """Return what a command said that was typed in the folder of the pictures."""
        env = {
            "COLUMNS": "120",
            "FLOWCTL_SECRET": "s" * 32,
            "FLOWCTL_DATABASE_URL": self.database,
        }
        done = run_command(*arguments, env=env, cwd=self.png.parent, code=int(refused))
        return done.stderr if refused else done.stdout

    def pixels(self) -> int:
        """Return the width of the picture that was drawn."""
        head = self.png.read_bytes()[:24]
        assert head.startswith(PNG)
        return int.from_bytes(head[16:20], "big")


@pytest.fixture
def desk(database: str, tmp_path: Path) -> Iterator[Desk]:
    with border(database) as place:
        trip = place.trip()
        drive(place, trip, "ha_noi_bao_nguyen", begins=0, minutes=60, mps=12.0)
        place.visit(trip, "yard_bao_nguyen", 60)
        place.conn.commit()
        yield Desk(database, place, tmp_path)


def test_a_trucks_day_is_drawn_and_its_visits_are_listed(desk: Desk):
    said = desk.draw("track", PLATE, *DAY)
    assert "Bảo Nguyên yard" in said
    assert "10:00:00" not in said.partition("Bảo")[0]
    assert "09:00:00" in said
    assert str(desk.png) in said.replace("\n", "")
    assert desk.pixels() > 1000
    by_speed = desk.png.with_name("speed.png")
    desk.draw("track", PLATE, *DAY, "--colour", "speed", png=by_speed)
    assert by_speed.read_bytes() != desk.png.read_bytes()


def test_the_occupancy_of_zones_is_drawn_and_counted(desk: Desk):
    said = desk.draw("zones", "occupancy", *DAY)
    [row] = [line for line in said.splitlines() if "Bảo Nguyên" in line]
    assert row.split()[-5:] == ["0", "1", "0", "1", "1"]
    assert desk.pixels() > 1000


def test_a_truck_first_seen_inside_a_yard_stands_in_it_and_is_no_arrival(desk: Desk):
    desk.draw("zones", "occupancy", *DAY)
    before = desk.png.read_bytes()
    standing = desk.place.trip()
    desk.place.visit(standing, "yard_bao_nguyen", -300, 90)
    desk.place.conn.execute(
        "update visits set seen_inside = true where device_id = %s",
        [desk.place.device_of(standing)],
    )
    desk.place.conn.commit()
    said = desk.draw("zones", "occupancy", *DAY)
    [row] = [line for line in said.splitlines() if "Bảo Nguyên" in line]
    found, arrived, left, at_the_end, most = row.split()[-5:]
    assert (found, arrived, left, at_the_end, most) == ("1", "1", "1", "1", "2")
    assert "inside at the start of the day, or when they were first seen" in said
    assert desk.png.read_bytes() != before


def test_a_truck_with_two_devices_stands_in_a_yard_once(desk: Desk):
    place = desk.place
    first, second = (place.trip() for _ in range(2))
    for trip, primary in ((first, True), (second, False)):
        place.conn.execute(
            "insert into device_trucks (device_id, plate, since, is_primary, assigned_by)"
            " values (%s, '12C99999', %s, %s, 'the test')",
            [place.device_of(trip), after(-600), primary],
        )
        place.visit(trip, "yard_viettel", 10, 70)
    place.visit(second, "yard_viettel", 100)  # the primary device is silent by now
    place.conn.commit()
    said = desk.draw("zones", "occupancy", *DAY)
    [row] = [line for line in said.splitlines() if "Viettel" in line]
    assert row.split()[-5:] == ["0", "2", "1", "1", "1"]


def test_a_roads_space_and_time_is_drawn(desk: Desk):
    said = desk.draw("corridor", "ha_noi_bao_nguyen", *DAY)
    assert said.startswith("Road to Bảo Nguyên yard, 2024-01-23")
    assert "all trucks with GPS on this road, 1; 0 of them have a trip to other gates" in said
    assert desk.pixels() > 1000


def test_a_truck_bound_elsewhere_is_drawn_and_told_apart(desk: Desk):
    other = desk.place.trip(gates=("huu_nghi",))
    drive(desk.place, other, "ha_noi_bao_nguyen", begins=10, minutes=50, mps=12.0)
    desk.place.conn.commit()
    said = desk.draw("corridor", "ha_noi_bao_nguyen", *DAY)
    assert "all trucks with GPS on this road, 2; 1 of them have a trip to other gates" in said


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("track", PLATE), "track-12C00001-2024-01-23.png"),
        (("zones", "occupancy"), "zones-2024-01-23.png"),
        (("corridor", "ha_noi_bao_nguyen"), "corridor-ha_noi_bao_nguyen-2024-01-23.png"),
    ],
)
def test_a_picture_without_a_name_gets_one_in_the_folder_one_stands_in(
    desk: Desk, arguments: tuple[str, ...], name: str
):
    said = desk.run(*arguments, *DAY)
    assert said.splitlines()[-1] == f"Picture: {name}"
    assert [path.name for path in desk.png.parent.iterdir()] == [name]
    assert (desk.png.parent / name).read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("track", "99Z-999.99", *DAY), "names the plate 99Z99999"),
        (("track", PLATE, "--day", "2024-01-20"), "nobody knows where it was"),
        (("track", PLATE, "--day", "yesterday"), "--day takes a day such as 2024-01-23"),
        (("track", "?", *DAY), "is no number plate"),
        (("corridor", "ha_noi", *DAY), "There is no way 'ha_noi'"),
        (("corridor", "ha_noi_viettel", "--day", "2024-01-20"), "No truck was seen"),
        (("zones", "occupancy", "--day", "2024-01-20"), "Nobody was seen in these zones"),
        (("zones", "occupancy", *DAY, "--zone", "yard"), "There is no zone 'yard'"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_a_sentence(
    desk: Desk, arguments: tuple[str, ...], sentence: str
):
    assert sentence in desk.draw(*arguments, refused=True)
    assert not desk.png.exists()


def test_a_picture_that_cannot_be_written_is_refused_before_anything_is_drawn(desk: Desk):
    nowhere = desk.png.parent / "nowhere" / "day.png"
    said = desk.draw("corridor", "ha_noi_bao_nguyen", *DAY, png=nowhere, refused=True)
    assert "There is no folder" in said
    said = desk.draw("track", PLATE, *DAY, png=desk.png.parent, refused=True)
    assert "is a folder" in said


def test_a_track_of_one_fix_is_a_point_and_no_error(desk: Desk):
    trip = desk.place.trip()
    drive(desk.place, trip, "ha_noi_bao_nguyen", begins=5, minutes=0, mps=12.0)
    desk.place.conn.commit()
    assert "was in no zone" in desk.draw("track", "12C-000.02", *DAY)
    assert desk.pixels() > 1000
