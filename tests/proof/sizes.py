"""How large the proofs are."""

from __future__ import annotations

import os

IS_LARGE = os.environ.get("SAASKIT_PROOF", "") == "large"
SCALE = float(os.environ.get("SAASKIT_PROOF_SCALE", "1"))
SEEDS = tuple(int(seed) for seed in os.environ.get("SAASKIT_PROOF_SEEDS", "1,2,3").split(","))


def size(small: int, large: int) -> int:
    """Choose by SAASKIT_PROOF; SAASKIT_PROOF_SCALE=0.2 takes a fifth of the large size."""
    return max(small, round(large * SCALE)) if IS_LARGE else small
