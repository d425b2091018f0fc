"""H17: an event of 50,000 seats is nothing special."""

import re

from client import expect


def natural(label):
    """101-A-2 before 101-A-10, row Z before AA."""
    section, row, number = re.fullmatch(r"(\d+)-([A-Z]+)-(\d+)", label).groups()
    return int(section), len(row), row, int(number)


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
