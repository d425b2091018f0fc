"""What calls lay claim to: the rows of the outbox that tell of what they did.

Nothing acknowledged may be missing, nothing may have happened twice, and nothing without being asked for: every call that
was answered "ok" has its row, which became true while the call was under way, and every row has its call. A repeat of a
call has the row of the first.
"""

from collections import defaultdict
from datetime import datetime

from model import Disagreement

# What nobody's call makes happen, or any call may on its way.
BY_ITSELF = {"EVENT_CREATED", "HOLD_EXPIRED", "WAITLIST_OFFERED", "WAITLIST_EXPIRED"}

# Both clocks are one machine's; the database's tells microseconds.
CLOCK_GRAIN_S = 1e-5

# A transaction of which no call tells has been seen by everybody so long after it read the clock.
SLOWEST_COMMIT_S = 10


def seconds(time):
    """A time of JSON, to compare it."""
    return datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()


def name_of(call):
    """The type and id of the row, and whose it is or what else tells it from others; None for a call that changed nothing."""
    answer, user = call["answer"], call["user"]
    match call["operation"]:
        case "place_hold":
            return "HOLD_CREATED", answer["hold_id"], user
        case "extend_hold":
            return "HOLD_EXTENDED", answer["hold_id"], seconds(answer["expires_at"])
        case "release_hold" if answer["status"] == "released":
            return "HOLD_RELEASED", answer["hold_id"], user
        case "book" | "confirm_hold" | "accept_offer":
            return "BOOKING_CONFIRMED", answer["booking_id"], user
        case "cancel_booking":
            return "CANCELLED", answer["cancellation_id"], None
        case "join_waitlist":
            return "WAITLIST_JOINED", answer["entry_id"], user
        case "leave_waitlist" | "decline_offer" if answer and answer["status"] == "cancelled":
            return "WAITLIST_CANCELLED", answer["entry_id"], user
    return None


def name_of_row(kind, thing, now):
    if kind in ("BOOKING_CANCELLED", "TICKETS_CANCELLED"):
        return "CANCELLED", now["cancellation_id"], None
    return kind, thing, now["expires_at"] if kind == "HOLD_EXTENDED" else now.get("user_id")


def does_it_again(call):
    """Would a second call of this kind do a second thing? The others end what ends only once, and tell of it again."""
    return call["operation"] in ("place_hold", "extend_hold", "book", "join_waitlist")


def execution(call):
    """What a call has in common with its repeats."""
    key = call["arguments"].get("idempotency_key")
    return (call["operation"], call["user"], key) if key else id(call)


class Claims:
    """The transactions that calls lay claim to; `happened` is the history's."""

    def __init__(self, happened, calls):
        self.rows = {}
        for moment, xid, kind, thing, now in happened:
            if self.rows.setdefault(name_of_row(kind, thing, now), (moment, xid)) != (moment, xid):
                raise Disagreement(f"happened twice: {kind} {thing}")
        self.calls = defaultdict(list)
        self.lost = []
        for call in calls:
            name = name_of(call) if call["outcome"] == "ok" else None
            if name in self.rows:
                self.calls[name].append(call)
            elif name is not None:
                self.lost.append(call)
        self.ended = {self.rows[name][1]: min(call["ended"] for call in claimed) for name, claimed in self.calls.items()}

    def check(self, happened):
        if self.lost:
            raise Disagreement(f"{len(self.lost)} acknowledged calls are not there: {self.lost[:3]}")
        for name, claimed in self.calls.items():
            moment = self.rows[name][0]
            began, ended = min(call["began"] for call in claimed), min(call["ended"] for call in claimed)
            if len({execution(call) for call in claimed if does_it_again(call)}) > 1:
                raise Disagreement(f"two calls got one thing: {claimed[:3]}")
            if not began - CLOCK_GRAIN_S <= moment <= ended + CLOCK_GRAIN_S:
                raise Disagreement(f"happened at {moment}, not while it was called: {claimed[:3]}")
        self.check_nothing_unasked(happened)

    def check_nothing_unasked(self, happened):
        offers = {now["offer"]["hold_id"]: thing for _, _, kind, thing, now in happened if kind == "WAITLIST_OFFERED"}
        accepted, left = set(), set()  # entries, by the transactions of which somebody was told
        for _, xid, kind, thing, now in happened:
            if name_of_row(kind, thing, now) in self.calls:
                if kind == "BOOKING_CONFIRMED" and now["hold_id"] in offers:
                    accepted.add((xid, offers[now["hold_id"]]))
                if kind == "WAITLIST_CANCELLED":
                    left.add((xid, thing))
        for row in happened:
            _, xid, kind, thing, now = row
            come_along = {
                "HOLD_CREATED": thing in offers,
                "WAITLIST_CONVERTED": (xid, thing) in accepted,
                "HOLD_RELEASED": (xid, offers.get(thing)) in left,
            }
            told = kind in BY_ITSELF or name_of_row(kind, thing, now) in self.calls or come_along.get(kind, False)
            if not told:
                raise Disagreement(f"nobody was told of it: {row}")

    def seen(self, moment, xid):
        """From when on everybody has seen what a transaction did."""
        return self.ended.get(xid, moment + SLOWEST_COMMIT_S)
