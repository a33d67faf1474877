"""Writing plans: what a catalogue says, and what an admin edits."""
