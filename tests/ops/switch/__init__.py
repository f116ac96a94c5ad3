"""Tests of the test caller itself, against small real servers."""
