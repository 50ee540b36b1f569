"""What students get: the labs without the answers, and the demo notebooks."""
