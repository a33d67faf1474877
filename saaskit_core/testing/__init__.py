"""Public test doubles: a movable clock, scripted provider behaviour, contract suites, strategies.

Nothing is imported here, so that a part can be used without what another part needs (the contract
suites need pytest, the strategies hypothesis).
"""
