"""The table of all that the designs ask for, checked against the tests; and that it would be seen if it were wrong."""

import pytest

from rows import faults, read_table, rows_by_test, without_route

ROWS = read_table()
TESTS = rows_by_test()


def test_every_row_stands_in_the_table():
    assert list(faults(ROWS, TESTS)) == []


def test_routes_are_written_as_routes():
    assert all(row.route.startswith(("GET /", "POST /", "PUT /", "PATCH /", "DELETE /")) for row in ROWS if row.route)
    assert without_route([row._replace(route="GET /nowhere") for row in ROWS[:1]]) == {ROWS[0].id}


def damaged(change):
    """The table with its first tested row changed."""
    at = next(number for number, row in enumerate(ROWS) if row.kind == "test")
    return ROWS[:at] + [change(ROWS[at])] * (change(ROWS[at]) is not None) + ROWS[at + 1 :]


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda row: None, "has "),
        (lambda row: row._replace(id="S9-X-1"), "is no row"),
        (lambda row: row._replace(kind="maybe"), "is not told"),
        (lambda row: row._replace(where=""), "is not told"),
        (lambda row: row._replace(where="sql/hold.sql: nothing of the kind"), "there is no test"),
        (lambda row: row._replace(where="test/http/test_rows.py::test_what_is_wrong_is_said"), "is not named by"),
        (lambda row: row._replace(id="S2-BOOK-1", where="sql/sale_status.sql: never more than there are"), "does not use it"),
        (lambda row: row._replace(kind="later"), "which the table says is later"),
    ],
)
def test_what_is_wrong_is_said(change, said):
    assert any(said in fault for fault in faults(damaged(change), TESTS))
