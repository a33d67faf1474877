"""The whole story of a subscription, told over HTTP against a live server and checked line by line.

Run it from the checkout with `python -m examples.demo`, or simply `make demo`.
"""
