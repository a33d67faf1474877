"""The tests of SaaSKit. The folders mirror the packages."""
