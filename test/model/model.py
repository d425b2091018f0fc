"""What a sale should do, without a database: replays what happened to one event and says where that was wrong.

What happened is the outbox, in the order of the moments at which transactions began to change things: those that could get in
each other's way wait for each other and read the clock after their last lock, so in that order every change must be legal by itself.

A refusal changes nothing. It is right if it could have been true at some moment between the beginning and the end of its
call: the least that may have been free then is reckoned from the changes that overlap with it.
"""

import heapq
from collections import defaultdict
from dataclasses import dataclass, field


# A release is decided and then told of: between the two moments the hold may run out.
TOLD_LATER_S = 0.5


class Disagreement(AssertionError):
    pass


def hold_used_by(row):
    """The hold that is extended, confirmed or released; None where there is none."""
    _, _, kind, thing, now = row
    if kind == "BOOKING_CONFIRMED":
        return now["hold_id"]
    return thing if kind in ("HOLD_EXTENDED", "HOLD_RELEASED") else None


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
    tickets: dict  # id: (seat or None, price)
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
    offers: dict = field(default_factory=dict)  # hold: the waitlist entry that it was made for
    holds: dict = field(default_factory=dict)
    bookings: dict = field(default_factory=dict)
    entries: dict = field(default_factory=dict)
    owners: dict = field(default_factory=dict)  # seat: hold or booking
    changes: dict = field(default_factory=lambda: defaultdict(list))  # section: (moment, seen by all from, delta)
    overtaken: dict = field(default_factory=lambda: defaultdict(list))  # section: (moment, seen by nobody from, quantity)
    occupied: dict = field(default_factory=lambda: defaultdict(list))  # seat: [moment taken, seen free by all from]
    waits: dict = field(default_factory=dict)  # entry: [moment joined, seen by all to wait no more from]
    expiries: list = field(default_factory=list)
    taken: dict = field(default_factory=lambda: defaultdict(int))
    uses: dict = field(default_factory=lambda: defaultdict(list))  # hold: moments of the rows to come that use it
    cancelled: dict = field(default_factory=dict)  # ticket: (moment cancelled, seen so by all from)

    def __post_init__(self):
        self.section_of_seat = {seat: name for name, section in self.sections.items() for seat in section.seats}

    def replay(self, happened):
        """happened: (moment, seen by all from, type, id, what it is afterwards). What one transaction did last may be later than
        what the next one did first."""
        for row in happened:
            if used := hold_used_by(row):
                self.uses[used].append(row[0])
        for row in happened:
            moment, _, kind, _, now = row
            handler = getattr(self, "on_" + kind.lower(), None)
            self.expire(moment)
            if used := hold_used_by(row):
                self.uses[used].remove(moment)
            try:
                if handler:
                    handler(row, now)
            except (Disagreement, KeyError) as wrong:
                raise Disagreement(f"{wrong!r} at {row}") from wrong

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
            in_time = hold.expires != expires or any(used < expires for used in self.uses[hold_id])
            if hold.status == "active" and not in_time:
                hold.status = "expired"
                self.free(hold.section, hold.quantity, hold.seats, hold_id, expires, expires)
                self.end_offer(hold, "expired")

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

    def free(self, section, quantity, seats, owner, moment, seen):
        for seat in seats:
            if self.owners.pop(seat, None) != owner:
                raise Disagreement(f"{seat} was not {owner}'s")
            self.occupied[seat][-1][1] = seen
        self.taken[section] -= quantity
        self.changes[section].append((moment, seen, quantity))

    def overtake(self, row, hold):
        """What was decided in time may be seen only after the hold's end; in between it looks as if that were over."""
        if hold.expires < row[1]:
            self.overtaken[hold.section].append((hold.expires, row[1], hold.quantity))

    def end_offer(self, hold, status):
        if hold.entry is not None:
            self.entries[hold.entry].status = status

    def require_first(self, entry, section):
        """Strict: who joined before, and could ever be served from this section, is served before."""
        for other in self.waiting(section):
            if other.joined < entry.joined and other.quantity <= self.sections[section].capacity:
                raise Disagreement(f"passed over {other}")

    def require_nobody_waits(self, section):
        """A newcomer takes only where nobody waits."""
        if self.waiting(section):
            raise Disagreement(f"passed {self.waiting(section)}")

    # What happens

    def on_hold_created(self, row, now):
        section = self.section_of(now)
        key = self.offers.get(row[3])
        if key is None:
            self.require_nobody_waits(section)
        else:
            entry = self.entries[key]
            wanted = (entry.user, entry.quantity, "active")
            if (now["user_id"], now["quantity"], entry.status) != wanted or entry.section not in (None, section):
                raise Disagreement(f"not what was waited for: {entry}")
            self.require_first(entry, section)
            entry.status = "notified"
            self.waits[key][1] = row[1]
        self.take(row, now, row[3])
        self.holds[row[3]] = Hold(now["user_id"], section, now["seat_ids"], now["quantity"], now["expires_at"], entry=key)
        heapq.heappush(self.expiries, (now["expires_at"], row[3]))

    def on_hold_extended(self, row, now):
        hold = self.holds[row[3]]
        if hold.status != "active" or now["expires_at"] < hold.expires:
            raise Disagreement(f"extended {hold}")
        self.overtake(row, hold)
        hold.expires = now["expires_at"]
        heapq.heappush(self.expiries, (hold.expires, row[3]))

    def on_hold_released(self, row, now):
        hold = self.holds[row[3]]
        if hold.status == "active":
            self.free(hold.section, hold.quantity, hold.seats, row[3], row[0], row[1])
        elif hold.status != "expired" or hold.expires < row[0] - TOLD_LATER_S:
            raise Disagreement(f"released {hold}")
        hold.status = "released"
        self.end_offer(hold, "cancelled")

    def on_hold_expired(self, row, now):
        if self.holds[row[3]].status != "expired":
            raise Disagreement(f"expired early: {self.holds[row[3]]}")

    def on_booking_confirmed(self, row, now):
        tickets = {ticket["ticket_id"]: (ticket["seat_id"], ticket["price"]) for ticket in now["tickets"]}
        if now["hold_id"]:
            section = self.confirm(row, self.holds[now["hold_id"]], now)
        else:
            section = self.section_of({**now, "section_id": now["tickets"][0]["section_id"]})
            self.require_nobody_waits(section)
            self.take(row, {**now, "section_id": section}, row[3])
        self.bookings[row[3]] = Booking(now["user_id"], section, tickets)

    def confirm(self, row, hold, now):
        if hold.status != "active":
            raise Disagreement(f"confirmed {hold}")
        if sorted(hold.seats) != sorted(now["seat_ids"]) or hold.quantity != now["quantity"]:
            raise Disagreement(f"is not what was held: {hold}")
        self.overtake(row, hold)
        hold.status = "confirmed"
        self.end_offer(hold, "converted")
        for seat in hold.seats:
            self.owners[seat] = row[3]
        return hold.section

    def on_tickets_cancelled(self, row, now):
        booking = self.bookings[row[3]]
        seats, prices = zip(*(booking.tickets.pop(ticket) for ticket in now["ticket_ids"]))
        if round(now["fee"] + now["refund_amount"] - sum(prices), 2) != 0:
            raise Disagreement(f"fee and refund are not what {prices} cost")
        self.cancelled.update(dict.fromkeys(now["ticket_ids"], row[:2]))
        self.free(booking.section, len(seats), [seat for seat in seats if seat], row[3], row[0], row[1])

    def on_booking_cancelled(self, row, now):
        self.on_tickets_cancelled(row, now)
        if self.bookings[row[3]].tickets:
            raise Disagreement("a cancelled booking has tickets")
        self.bookings[row[3]].status = "cancelled"

    def on_waitlist_joined(self, row, now):
        if any(e.user == now["user_id"] and e.status in ("active", "notified") for e in self.entries.values()):
            raise Disagreement("one user waits twice")
        self.entries[row[3]] = Entry(now["user_id"], now["section_id"], now["quantity"], len(self.entries))
        self.waits[row[3]] = [row[0], float("inf")]

    def on_waitlist_cancelled(self, row, now):
        if self.entries[row[3]].status == "active":
            self.waits[row[3]][1] = row[1]
        self.entries[row[3]].status = "cancelled"

    # What is left at the end

    def state(self):
        return {
            "holds": {key: hold.status for key, hold in self.holds.items()},
            "bookings": {key: booking.status for key, booking in self.bookings.items()},
            "owners": dict(self.owners),
            "entries": {key: entry.status for key, entry in self.entries.items()},
            "available": {name: self.available(name) for name in self.sections},
        }

    # Refusals and reads

    def was_waited_for(self, began, ended):
        return any(joined <= ended and began <= over for joined, over in self.waits.values())

    def was_occupied(self, seat, began, ended):
        return any(taken <= ended and began <= free for taken, free in self.occupied[seat])

    def least_available(self, section, began, ended):
        """As little as anybody who looked between the two moments may have seen."""
        return self.sections[section].capacity + sum(
            delta
            for moment, seen, delta in self.changes[section]
            if (moment <= ended if delta < 0 else seen <= began)
        )

    def most_available(self, section, began, ended):
        return self.sections[section].capacity + sum(
            delta
            for moment, seen, delta in self.changes[section]
            if (moment <= ended if delta > 0 else seen <= began)
        ) + sum(quantity for moment, over, quantity in self.overtaken[section] if moment <= ended and began < over)
