#!/usr/bin/env python3
"""rows.tsv: every row of the five designs that Evently is made after (S1-... to S5-...), and every fault of other systems that it
must not have (H...), with the test that shows it, what serves it instead and why, or what it waits for.

Run by itself it prints the table by group; with the names of groups, their rows. It ends with an error, as test_rows.py does, where
a row is missing or unknown, where a test is not there or does not name the row, and where a test names a row that the table says is
served otherwise or comes later. A test names rows in its description: pgTAP's text, pytest's docstring and parameters, the head of
an isolation spec; "S2-EVA-1 to 3" names three. What the table calls a pgTAP test is its description without the rows.
"""

import ast
import csv
import pathlib
import re
import sys
from collections import Counter, defaultdict
from typing import NamedTuple

from routes import all_routes

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = pathlib.Path(__file__).with_name("rows.tsv")
KINDS = ("test", "served", "later")
ROW = r"(?:S[1-5]-[A-Z]+-\d+|H\d\d)"
NAMED = re.compile(rf"\b({ROW})(?: to (\d+)\b)?")

# Title and number of rows, so that none is lost.
GROUPS = {
    "AUTHU": ("Auth: users", 36),
    "AUTHA": ("Auth: admins", 19),
    "EVP": ("Events: public", 23),
    "EVA": ("Events: admin", 30),
    "VEN": ("Venues", 10),
    "VT": ("Venue templates, sections, seats", 12),
    "HOLD": ("Seat holds", 7),
    "BOOK": ("Bookings", 20),
    "IDEM": ("Idempotency", 4),
    "PAY": ("Payments and refunds", 5),
    "CANC": ("Cancellation policies", 10),
    "WAIT": ("Waitlist", 14),
    "NOTIF": ("Notifications", 5),
    "ANA": ("Analytics", 11),
    "SRCH": ("Search", 6),
    "OUT": ("Outbox and CDC", 5),
    "INT": ("Internal service endpoints", 8),
    "ERR": ("Errors", 11),
    "GW": ("Gateway", 29),
    "PERF": ("Performance and consistency", 13),
    "DATA": ("Data model and indexes", 11),
    "OPS": ("Operations", 46),
    "TEST": ("Tests the designs name", 8),
    "FE": ("Front end", 3),
    "ARCH": ("Architecture statements", 17),
    "FUT": ("Enhancements the designs put off", 17),
    "H": ("Faults of other systems", 62),
}


class Row(NamedTuple):
    id: str
    title: str
    kind: str
    where: str  # a test, what serves it, or what it waits for
    route: str  # by REST, where it has one
    later: str  # what of it is still to come

    @property
    def group(self):
        return "H" if self.id.startswith("H") else self.id.split("-")[1]


def read_table():
    with TABLE.open(newline="") as file:
        lines = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        assert tuple(next(lines)) == Row._fields, "the first line names the columns"
        return [Row(*line) for line in lines]


def pgtap_tests():
    """What the suites are expected to print; several results of one SELECT stand in one line."""
    for expected in (ROOT / "expected").glob("*.out"):
        for description in re.findall(r"^ok \d+ - (.*)$", expected.read_text().replace("|ok ", "\nok "), re.MULTILINE):
            name = re.sub(rf" \({ROW}(?:, {ROW})*\)$|^{ROW}(?:, {ROW})*: ", "", description)
            yield f"sql/{expected.stem}.sql: {name}", description


def python_tests():
    for file in ROOT.glob("test/*/test_*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                parameters = " ".join(ast.unparse(decorator) for decorator in node.decorator_list)
                yield f"{file.relative_to(ROOT)}::{node.name}", f"{ast.get_docstring(node)} {parameters}"


def isolation_tests():
    for spec in ROOT.glob("test/isolation/specs/*.spec"):
        yield str(spec.relative_to(ROOT)), spec.read_text().split("\nsetup", 1)[0]


def rows_in(description):
    for row, last in NAMED.findall(description):
        yield row
        if last:
            group, first = row.rsplit("-", 1)
            yield from (f"{group}-{number}" for number in range(int(first) + 1, int(last) + 1))


def rows_by_test():
    """The rows that each test names; tests of one name count as one."""
    found = defaultdict(set)
    for tests in (pgtap_tests(), python_tests(), isolation_tests()):
        for name, description in tests:
            found[name].update(rows_in(description))
    return found


def faults(rows, tests):
    """All that is wrong with the table, as sentences."""
    kinds = {row.id: row.kind for row in rows}
    if len(kinds) < len(rows):
        yield "a row stands twice"
    for group, (title, number) in GROUPS.items():
        there = sum(row.group == group for row in rows)
        if there != number:
            yield f"{group} ({title}) has {there} rows, not {number}"
    for row in rows:
        if not re.fullmatch(ROW, row.id) or row.group not in GROUPS:
            yield f"{row.id} is no row"
        if row.kind not in KINDS or not row.title or not row.where:
            yield f"{row.id} is not told to be tested, served or later"
        if row.kind == "test" and row.where not in tests:
            yield f"{row.id}: there is no test {row.where}"
        elif row.kind == "test" and row.id not in tests[row.where]:
            yield f"{row.id} is not named by {row.where}"
        elif row.kind == "test" and row.route and not row.where.startswith("test/http/"):
            yield f"{row.id} has a route, and {row.where} does not use it"
    for test, named in sorted(tests.items()):
        for row in sorted(named):
            if row not in kinds:
                yield f"{test} names {row}, which is no row"
            elif kinds[row] != "test":
                yield f"{test} names {row}, which the table says is {kinds[row]}"


def without_route(rows):
    """Rows that SQL has, and REST not yet."""
    routes = {re.sub(r"{\w+}", "{}", f"{route.method} {route.path}") for route in all_routes()}
    return {row.id for row in rows if row.route and re.sub(r"{\w+}", "{}", row.route) not in routes}


def print_table(rows, groups):
    missing = without_route(rows)
    print(f"{'':9}{'rows':>5}{'test':>7}{'served':>8}{'later':>7}{'in part':>9}")
    for group, (title, _) in {**GROUPS, "": ("all", 0)}.items():
        members = [row for row in rows if group in (row.group, "")]
        count = Counter(row.kind for row in members)
        in_part = sum(row.kind != "later" and (row.later != "" or row.id in missing) for row in members)
        print(f"{group:9}{len(members):5}{count['test']:7}{count['served']:8}{count['later']:7}{in_part:9}   {title}")
    for row in rows:
        if row.group in groups:
            print(f"\n{row.id}: {row.title}\n    {row.kind}: {row.where}")
            if row.later:
                print(f"    later: {row.later}")
            if row.id in missing:
                print(f"    later: {row.route}")


def main(groups):
    rows = read_table()
    print_table(rows, groups)
    found = list(faults(rows, rows_by_test()))
    for fault in found:
        print(fault, file=sys.stderr)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
