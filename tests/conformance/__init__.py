"""Public test vectors of others, run against our rules. Their data never stands here."""
