"""What people are told: in the product, by e-mail, text message or push."""
