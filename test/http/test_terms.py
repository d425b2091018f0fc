"""Terms of cancelling, quotes and figures over REST; the rules themselves are tested in sql/."""

from decimal import Decimal
from uuid import uuid4

from client import assert_error, expect


def policy_path(event):
    return f"/api/v1/admin/events/{event['event_id']}/cancellation-policy"


def test_terms_quote_and_cancellation(admin, user, event):
    """S3-CANC-1 to 6, H50: what the quote says is what the cancellation costs, in whichever way it is cancelled."""
    terms = {"fee_type": "percentage", "fee_amount": 10}
    assert expect(admin.post(policy_path(event), terms), 201)["version"] == 1
    assert expect(admin.get(policy_path(event)), 200)["fee_type"] == "percentage"
    assert_error(admin.post(policy_path(event), terms), 409, "POLICY_EXISTS")
    booking = user.book(event, quantity=2)
    quote = expect(user.get(f"/api/v1/bookings/{booking['booking_id']}/cancel-quote"), 200)
    assert (quote["fee"], quote["refund_amount"]) == (Decimal("5.00"), Decimal("45.00"))
    done = expect(user.post(f"/api/v1/bookings/{booking['booking_id']}/request-cancel", {"reason": "ill"}), 200)
    assert (done["fee"], done["refund_amount"]) == (quote["fee"], quote["refund_amount"])
    listed = expect(user.get("/api/v1/users/cancellations"), 200)["cancellations"]
    assert [row["cancellation_id"] for row in listed] == [done["cancellation_id"]]
    assert expect(user.get(f"/api/v1/cancellations/{done['cancellation_id']}"), 200)["reason"] == "ill"


def test_others_see_nothing_of_it(user, other_user, own_events_admin, event):
    """H02, S2-AUTHA-4."""
    booking = user.book(event, quantity=1)
    assert other_user.get(f"/api/v1/bookings/{booking['booking_id']}/cancel-quote").status in (403, 404)
    done = expect(user.delete(f"/api/v1/bookings/{booking['booking_id']}"), 200)
    assert other_user.get(f"/api/v1/cancellations/{done['cancellation_id']}").status in (403, 404)
    assert other_user.get(f"/api/v1/cancellations/{uuid4()}").status == 404
    assert_error(own_events_admin.post(policy_path(event), {"fee_type": "none"}), 403, "FORBIDDEN")
    assert_error(own_events_admin.get(f"/api/v1/admin/events/{event['event_id']}/analytics"), 403, "FORBIDDEN")


def test_figures(admin, anonymous, user, event):
    """S2-ANA-1, S4-ANA-1, S4-ANA-2: an event's figures, the home page's, and a summary that ?refresh=1 makes anew (H82)."""
    user.book(event, quantity=4)
    figures = expect(admin.get(f"/api/v1/admin/events/{event['event_id']}/analytics"), 200)
    assert figures["tickets_sold"] == 4
    before = expect(admin.get("/api/v1/admin/analytics/summary", refresh=1), 200)
    user.book(event, quantity=1)
    after = expect(admin.get("/api/v1/admin/analytics/summary", refresh=1), 200)
    assert after["generated_at"] > before["generated_at"]
    expect(admin.get("/api/v1/admin/analytics/popular-events", limit=5), 200)
    expect(anonymous.get("/api/v1/stats/homepage"), 200)
