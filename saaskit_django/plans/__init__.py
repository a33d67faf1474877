"""Plans, their prices and what they grant."""
