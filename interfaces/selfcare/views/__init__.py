"""What the signed-in customer and partner see."""
