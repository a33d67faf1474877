"""Proofs of the promises that money rests on: many at once, in any order, and what is left.

Each module is one proof. It runs small with the suite, on SQLite and on PostgreSQL, and large with
SAASKIT_PROOF=large (on PostgreSQL, a minute to an hour each; `-s` prints the figures):

    SAASKIT_PROOF=large SAASKIT_TEST_DATABASE=postgres python -m pytest tests/proof -s

Whatever is drawn by lot is drawn from a seed; SAASKIT_PROOF_SEEDS=1,2,3 chooses others.
"""
