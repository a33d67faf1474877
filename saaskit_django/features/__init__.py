"""What a customer may do: his plan and his overrides, compiled."""
