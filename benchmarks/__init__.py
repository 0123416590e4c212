"""Speed and memory, by hand or through `make bench`; never part of the tests."""
