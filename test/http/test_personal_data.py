"""What is kept about a person is given to him, and erased: tables, outbox and logs."""

import pathlib
import subprocess
from uuid import uuid4

from client import assert_error, expect, unique

PASSWORD = "correct horse battery staple"


def dump():
    """All that is in the database, as text."""
    return subprocess.run(["pg_dump", "--inserts"], check=True, capture_output=True).stdout.decode()


def logged(log_file):
    """All that was written to logs, the web app's and PostgreSQL's."""
    return "".join(path.read_text(errors="replace") for path in pathlib.Path(log_file).parent.iterdir())


def canary_that_has_lived(new_user, event, sold_out):
    """Somebody whose every field has his canary in it, who has signed in, bought, cancelled, waited and left."""
    canary = unique("canary").lower()
    somebody = new_user(
        email=f"{canary}@example.com", name=f"Name {canary}", first_name=canary, last_name=canary, phone_number=canary
    )
    wrong = {"email": somebody.email, "password": f"wrong {canary}"}
    assert_error(somebody.post("/api/v1/auth/login", wrong), 401, "UNAUTHORIZED")
    assert_error(somebody.post("/api/v1/auth/register", {**wrong, "name": canary}), 409, "EMAIL_TAKEN")
    expect(somebody.put("/api/v1/users/profile", {"name": f"Other {canary}"}), 200)
    kept = somebody.book(event, quantity=1)
    gone = somebody.book(event, quantity=2)
    key = {"Idempotency-Key": canary}
    reason = {"reason": f"because of {canary}"}
    expect(somebody.request("POST", f"/api/v1/bookings/{gone['booking_id']}/cancel", reason, key), 200)
    waits = {"event_id": sold_out()[0]["event_id"], "preferences": {"beside": canary}}
    expect(somebody.post("/api/v1/waitlist", waits), 201)
    expect(somebody.get("/api/v1/users/bookings"), 200)
    return canary, somebody, kept, waits["event_id"]


def test_export(new_user, event, sold_out):
    canary, somebody, kept, waits_for = canary_that_has_lived(new_user, event, sold_out)
    export = expect(somebody.get("/api/v1/users/export"), 200)
    assert export["account"]["email"] == f"{canary}@example.com"
    assert kept["booking_id"] in [booking["booking_id"] for booking in export["bookings"]]
    assert [cancellation["reason"] for cancellation in export["cancellations"]] == [f"because of {canary}"]
    assert [entry["event_id"] for entry in export["waitlist_entries"]] == [waits_for]
    assert len(export["sessions"]) == 1 and "password" not in str(export)


def test_erasure_leaves_the_ledger_alone(new_user, new_admin, event, sold_out, log_file, sql):
    """A canary address is in the dump of a database before its owner has his account erased, and not after; logs never have it."""
    canary, somebody, kept, waits_for = canary_that_has_lived(new_user, event, sold_out)
    assert canary in dump()
    delete = "/api/v1/auth/delete-account"
    assert_error(somebody.post(delete, {"password": "wrong"}), 401, "UNAUTHORIZED")
    refused = somebody.post(delete, {"password": somebody.password})
    assert assert_error(refused, 409, "ACCOUNT_WAITS")["details"]["events"] == [waits_for]
    expect(somebody.delete(f"/api/v1/waitlist/{waits_for}"), 200)

    assert expect(somebody.post(delete, {"password": somebody.password}), 200)["user_id"] == somebody.user_id
    assert canary not in dump().lower()
    assert canary not in logged(log_file).lower()
    assert_error(somebody.get("/api/v1/users/profile"), 401, "UNAUTHORIZED")
    assert_error(somebody.post("/api/v1/auth/login", {"email": somebody.email, "password": PASSWORD}), 401, "UNAUTHORIZED")
    assert_error(somebody.post("/api/v1/auth/refresh", {"refresh_token": somebody.refresh_token}), 401, "UNAUTHORIZED")
    assert expect(new_admin().get(f"/api/v1/bookings/{kept['booking_id']}"), 200)["status"] == "confirmed"
    assert sql("SELECT * FROM evently.verify()") == []


def test_administrators_erase_accounts(new_user, admin, own_events_admin):
    somebody = new_user()
    path = f"/api/v1/admin/users/{somebody.user_id}"
    assert_error(own_events_admin.delete(path), 403, "FORBIDDEN")
    expect(admin.delete(path), 200)
    assert_error(admin.delete(path), 404, "USER_NOT_FOUND")
    assert_error(admin.delete(f"/api/v1/admin/users/{uuid4()}"), 404, "USER_NOT_FOUND")
    assert_error(somebody.get("/api/v1/users/profile"), 401, "UNAUTHORIZED")
