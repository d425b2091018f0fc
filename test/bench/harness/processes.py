"""What processes cost: their memory and their time, from /proc."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def own_memory_kib(pid):
    """Without what it shares, such as PostgreSQL's buffers."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise ValueError(f"process {pid} has no memory")


def cpu_seconds(parent):
    """Of a process, its children, and those of them that have ended."""

    def fields(pid):
        # user, system, and both of ended children
        return [int(field) for field in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]]

    return (sum(fields(parent)) + sum(sum(fields(pid)[:2]) for pid in children(parent))) / TICKS
