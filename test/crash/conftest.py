"""Fixtures: the stage, and how to tell figures."""

import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / "http"), str(TESTS / "model")]

from stage import Stage  # noqa: E402


@pytest.fixture(scope="module")
def stage():
    stage = Stage()
    try:
        stage.start()
        yield stage
    finally:
        stage.remove()


@pytest.fixture(scope="module")
def tokens(stage):
    return stage.new_tokens(64)


@pytest.fixture
def tell(capsys):
    """Prints what a test measured, also when it passes."""

    def say(line):
        with capsys.disabled():
            print(f"\n{line}", end=" ", flush=True)

    return say
