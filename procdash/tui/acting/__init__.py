"""What stands between a key that writes and the store: choosing, proposing, confirming, applying, saying."""
