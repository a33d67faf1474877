"""The chapters, one module each, told in this order."""
