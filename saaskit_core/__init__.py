"""The rules of SaaSKit: pure Python, no framework, no network, no clock."""
