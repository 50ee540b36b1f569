"""Who handed in what, and what it says."""
