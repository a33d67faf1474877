"""Payment providers and notifiers, each one a plugin."""
