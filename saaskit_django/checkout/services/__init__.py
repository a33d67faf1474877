"""The use cases of checkout, one module each."""
