"""Tests of the files that developers run."""
