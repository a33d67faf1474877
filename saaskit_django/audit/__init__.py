"""Who changed what: a chain of hashes over every entry, and what users did themselves."""
