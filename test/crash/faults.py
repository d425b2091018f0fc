"""Our library of faults (faults.c), and the page by which it is told what to do."""

import ctypes
import mmap
import pathlib
import subprocess

SOURCE = pathlib.Path(__file__).with_name("faults.c")


class Page(ctypes.Structure):
    _fields_ = [
        ("write", ctypes.c_uint32),
        ("sync", ctypes.c_uint32),
        ("memory", ctypes.c_uint32),
        ("full", ctypes.c_uint32),
        ("clock_s", ctypes.c_int64),
        ("faults", ctypes.c_uint32),
    ]


class Faults:
    """The control page in a new directory, and the environment that brings programs under it."""

    def __init__(self, directory):
        directory.mkdir()
        path, library = directory / "page", directory / "faults.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", library, SOURCE, "-ldl"], check=True)
        path.write_bytes(bytes(ctypes.sizeof(Page)))
        path.chmod(0o666)  # the cluster's owner counts in it
        with path.open("r+b") as file:
            self.page = Page.from_buffer(mmap.mmap(file.fileno(), ctypes.sizeof(Page)))
        self.environment = {"LD_PRELOAD": str(library), "EVENTLY_FAULTS": str(path)}

    def set(self, **rates):
        for name, value in rates.items():
            setattr(self.page, name, value)

    @property
    def count(self):
        return self.page.faults
