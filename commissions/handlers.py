"""What commissions does about facts from below: one service call each."""
