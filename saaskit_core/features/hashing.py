"""Who falls into which part of a rollout: a hash, so that the answer is the same everywhere.

MurmurHash3 x86-32 (public domain, Austin Appleby), taken modulo the scale as Unleash does it: its
published vectors hold for ours.
"""

from __future__ import annotations

SHARE_SEED = 0
VARIANT_SEED = 86028157
_C1 = 0xCC9E2D51
_C2 = 0x1B873593
_MASK = 0xFFFFFFFF


def bucket(group: str, identity: str, scale: int, seed: int = SHARE_SEED) -> int:
    """Return the place of an identity, from 1 to `scale`; another group is another draw.

    Lone surrogates, which no UTF-8 text has, are hashed too: an identity never raises.
    """
    text = f"{group}:{identity}".encode("utf-8", "surrogatepass")
    return murmur3_32(text, seed) % scale + 1


def murmur3_32(data: bytes, seed: int = 0) -> int:
    """Return MurmurHash3 x86-32 of `data`: 32 bits, unsigned."""
    length = len(data)
    whole = length & ~3
    value = seed & _MASK
    for start in range(0, whole, 4):
        value ^= _scrambled(int.from_bytes(data[start : start + 4], "little"))
        value = ((value << 13) | (value >> 19)) & _MASK
        value = (value * 5 + 0xE6546B64) & _MASK
    if length > whole:
        value ^= _scrambled(int.from_bytes(data[whole:], "little"))
    value ^= length
    value = ((value ^ (value >> 16)) * 0x85EBCA6B) & _MASK
    value = ((value ^ (value >> 13)) * 0xC2B2AE35) & _MASK
    return value ^ (value >> 16)


def _scrambled(block: int) -> int:
    block = (block * _C1) & _MASK
    block = ((block << 15) | (block >> 17)) & _MASK
    return (block * _C2) & _MASK
