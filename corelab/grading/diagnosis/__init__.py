"""An optimizer of one's own beside a reference, and the mistake that explains the difference."""
