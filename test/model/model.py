"""What a sale should do, without a database: replays what happened to one event and says where that was wrong.

What happened is the outbox, in the order of its moments: transactions that could get in each other's way wait for each
other and read the clock after their last lock, so in that order every change must be legal by itself.

A refusal changes nothing. It is right if it could have been true at some moment between the beginning and the end of its
call: the least that may have been free then is reckoned from the changes that overlap with it.
"""

import heapq
from collections import defaultdict
from dataclasses import dataclass, field


class Disagreement(AssertionError):
    pass


@dataclass
class Section:
    capacity: int
    seats: frozenset = frozenset()  # none: general admission


@dataclass
class Hold:
    user: str
    section: str
    seats: list
    quantity: int
    expires: float
    status: str = "active"
    entry: str = None


@dataclass
class Booking:
    user: str
    section: str
    seats: list
    quantity: int
    hold: str = None
    status: str = "confirmed"


@dataclass
class Entry:
    user: str
    section: str  # None: any
    quantity: int
    joined: int
    status: str = "active"


@dataclass
class Model:
    sections: dict
    holds: dict = field(default_factory=dict)
    bookings: dict = field(default_factory=dict)
    entries: dict = field(default_factory=dict)
    owners: dict = field(default_factory=dict)  # seat: hold or booking
    changes: dict = field(default_factory=lambda: defaultdict(list))  # section: (moment, seen by all from, delta)
    occupied: dict = field(default_factory=lambda: defaultdict(list))  # seat: [moment taken, seen free by all from]
    expiries: list = field(default_factory=list)
    taken: dict = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self):
        self.section_of_seat = {seat: name for name, section in self.sections.items() for seat in section.seats}

    def replay(self, happened):
        """happened: (moment, seen by all from, type, id, what it is afterwards) in the order of the moments."""
        for row in happened:
            moment, _, kind, _, now = row
            handler = getattr(self, "on_" + kind.lower(), None)
            self.expire(now.get("created_at", moment) if kind == "BOOKING_CONFIRMED" else moment)
            try:
                if handler:
                    handler(row, now)
            except (Disagreement, KeyError) as wrong:
                raise Disagreement(f"{wrong!r} at {row}") from wrong
        self.expire(float("inf"))

    # What is true at a moment

    def section_of(self, thing):
        return self.section_of_seat[thing["seat_ids"][0]] if thing["seat_ids"] else thing["section_id"]

    def available(self, section):
        return self.sections[section].capacity - self.taken[section]

    def waiting(self, section):
        return [e for e in self.entries.values() if e.status == "active" and e.section in (None, section)]

    def expire(self, moment):
        """Holds that are over by then: what they had is free from that moment on, with nobody doing anything."""
        while self.expiries and self.expiries[0][0] <= moment:
            expires, hold_id = heapq.heappop(self.expiries)
            hold = self.holds[hold_id]
            if hold.status == "active" and hold.expires <= moment:
                hold.status = "expired"
                self.free(hold, hold_id, expires, expires)

    def take(self, row, thing, owner):
        section = self.section_of(thing)
        if self.available(section) < thing["quantity"]:
            raise Disagreement(f"oversold: {self.available(section)} left")
        for seat in thing["seat_ids"]:
            if self.section_of_seat[seat] != section:
                raise Disagreement("one booking in two sections")
            if seat in self.owners:
                raise Disagreement(f"{seat} had an owner, {self.owners[seat]}")
            self.owners[seat] = owner
            self.occupied[seat].append([row[0], float("inf")])
        self.taken[section] += thing["quantity"]
        self.changes[section].append((row[0], row[1], -thing["quantity"]))
        return section

    def free(self, thing, owner, moment, seen):
        for seat in thing.seats:
            if self.owners.pop(seat, None) != owner:
                raise Disagreement(f"{seat} was not {owner}'s")
            self.occupied[seat][-1][1] = seen
        self.taken[thing.section] -= thing.quantity
        self.changes[thing.section].append((moment, seen, thing.quantity))

    def require_first(self, entry, section):
        """Strict: who joined before, and could ever be served from this section, is served before."""
        for other in self.waiting(section):
            if other.joined < entry.joined and other.quantity <= self.sections[section].capacity:
                raise Disagreement(f"passed over {other}")

    def admit(self, section, user):
        """A newcomer takes only where nobody waits."""
        if self.waiting(section):
            raise Disagreement(f"passed those who wait in {section}")

    # What happens

    def on_hold_created(self, row, now):
        section = self.section_of(now)
        offered = [(key, e) for key, e in self.entries.items() if e.status == "offering" and e.user == now["user_id"]]
        if offered:
            key, entry = offered[0]
            if entry.quantity != now["quantity"] or entry.section not in (None, section):
                raise Disagreement(f"not what was waited for: {entry}")
            self.require_first(entry, section)
            entry.status = "notified"
        else:
            key = None
            self.admit(section, now["user_id"])
        self.take(row, now, row[3])
        self.holds[row[3]] = Hold(now["user_id"], section, now["seat_ids"], now["quantity"], now["expires_at"], entry=key)
        heapq.heappush(self.expiries, (now["expires_at"], row[3]))

    def on_hold_extended(self, row, now):
        hold = self.holds[row[3]]
        if hold.status != "active" or now["expires_at"] < hold.expires:
            raise Disagreement(f"extended {hold}")
        hold.expires = now["expires_at"]
        heapq.heappush(self.expiries, (hold.expires, row[3]))

    def on_hold_released(self, row, now):
        hold = self.holds[row[3]]
        if hold.status != "active":
            raise Disagreement(f"released {hold}")
        hold.status = "released"
        self.free(hold, row[3], row[0], row[1])

    def on_hold_expired(self, row, now):
        if self.holds[row[3]].status != "expired":
            raise Disagreement(f"expired early: {self.holds[row[3]]}")

    def on_booking_confirmed(self, row, now):
        hold = self.holds[now["hold_id"]] if now["hold_id"] else None
        if hold:
            if hold.status != "active":
                raise Disagreement(f"confirmed {hold}")
            if sorted(hold.seats) != sorted(now["seat_ids"]) or hold.quantity != now["quantity"]:
                raise Disagreement(f"is not what was held: {hold}")
            hold.status = "confirmed"
            for seat in hold.seats:
                self.owners[seat] = row[3]
            section = hold.section
        else:
            section = self.section_of({**now, "section_id": now["tickets"][0]["section_id"]})
            self.admit(section, now["user_id"])
            self.take(row, {**now, "section_id": section}, row[3])
        self.bookings[row[3]] = Booking(now["user_id"], section, now["seat_ids"], now["quantity"], now["hold_id"])

    def on_booking_cancelled(self, row, now):
        booking = self.bookings[row[3]]
        if booking.status != "confirmed":
            raise Disagreement("cancelled twice")
        booking.status = "cancelled"
        self.free(booking, row[3], row[0], row[1])

    # What is left at the end

    def state(self):
        return {
            "holds": {key: hold.status for key, hold in self.holds.items()},
            "bookings": {key: booking.status for key, booking in self.bookings.items()},
            "owners": dict(self.owners),
            "available": {name: self.available(name) for name in self.sections},
        }

    # Refusals

    def was_occupied(self, seat, began, ended):
        return any(taken <= ended and began <= free for taken, free in self.occupied[seat])

    def least_available(self, section, began, ended):
        """As little as anybody who looked between the two moments may have seen."""
        return self.sections[section].capacity + sum(
            delta
            for moment, seen, delta in self.changes[section]
            if (moment <= ended if delta < 0 else seen <= began)
        )
