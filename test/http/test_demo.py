"""The demo data; one of its events has 50,000 seats, which is nothing special (H17)."""

import re

from client import expect


def natural(label):
    """101-A-2 before 101-A-10, row Z before AA."""
    section, row, number = re.fullmatch(r"(\d+)-([A-Z]+)-(\d+)", label).groups()
    return int(section), len(row), row, int(number)


def test_demo_data_is_there(anonymous, demo_event, admin):
    """S3-OPS-16, S3-OPS-17, the documented demo: three people who sign in with `qwerty`, and the events of the README."""
    for email, role in [("admin@example.com", "admin"), ("user1@example.com", "user"), ("user2@example.com", "user")]:
        session = expect(anonymous.post("/api/v1/auth/login", {"email": email, "password": "qwerty"}), 200)
        assert session["user"]["role"] == role
    assert demo_event("Hamlet")["total_capacity"] == 26
    assert demo_event("Champions Cup Final")["total_capacity"] == 50000
    kinds = set()
    for name in (
        "Hamlet", "Chamber Music by Candlelight", "PostgreSQL Day", "Startup Pitch Night", "Jazz at the Riverside", "Open Mic Night",
    ):  # fmt: skip
        policy = expect(admin.get(f"/api/v1/admin/events/{demo_event(name)['event_id']}/cancellation-policy"), 200)
        kinds.add((policy["allow_cancellation"], policy["fee_type"], policy["fee_amount"], policy["cancellation_deadline"] is None))
    assert len(kinds) == 6


def test_seat_map_of_50000(anonymous, demo_event):
    """H17, S5-PERF-1: all 50,000 labels, each once, in natural order."""
    event = demo_event("Champions Cup Final")
    seat_map = expect(anonymous.get(f"/api/v1/events/{event['event_id']}/seats"), 200)
    labels = [seat["seat_id"] for seat in seat_map["seats"]]
    assert seat_map["total"] == len(labels) == len(set(labels)) == 50000
    assert labels == sorted(labels, key=natural)
    assert len({seat["id"] for seat in seat_map["seats"]}) == 50000


def test_booking_there(user, anonymous, demo_event):
    """S5-PERF-1: seats at both ends of the map, each at its section's price, and back."""
    event = demo_event("Champions Cup Final")
    seats = expect(anonymous.get(f"/api/v1/events/{event['event_id']}/seats"), 200)["seats"]
    free = [seat for seat in seats if seat["status"] == "available"]
    first, last = free[0], free[-1]
    assert first["price"] != last["price"]
    booking = user.book(event, seat_ids=[last["seat_id"], first["id"]])
    assert booking["seat_ids"] == [first["seat_id"], last["seat_id"]]
    assert booking["total_price"] == first["price"] + last["price"]
    expect(user.delete(f"/api/v1/bookings/{booking['booking_id']}"), 200)


def test_sections_there(user, demo_event):
    event = demo_event("Champions Cup Final")
    sections = expect(user.get(f"/api/v1/events/{event['event_id']}/sections"), 200)["sections"]
    assert [section["section"] for section in sections] == [str(number) for number in range(101, 121)]
    assert {section["capacity"] for section in sections} == {2500}


def test_rows_beyond_z(anonymous, new_seated_event):
    """Labels stay unique and in order past row Z, past 1,300 and 2,000 seats."""
    event = new_seated_event(rows=60, seats_per_row=40)
    labels = list(anonymous.seat_statuses(event))
    assert len(labels) == 2400
    assert labels == sorted(labels, key=lambda label: natural("1-" + label))
    assert (labels[0], labels[26 * 40], labels[-1]) == ("A-1", "AA-1", "BH-40")
