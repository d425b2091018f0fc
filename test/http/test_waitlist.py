"""The waitlist under load, by SQL. waitlist_storm.py has the long form."""

from waitlist_storm import storm


def test_storm():
    """H30, H35, H36, H37, S3-WAIT-7: 400 waiters, 200 tickets given back from 16 connections; the exact order, no lost stock."""
    assert "served" in storm(400, 200, 16)
