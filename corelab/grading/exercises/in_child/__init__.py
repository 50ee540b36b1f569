"""What runs beside an answer, with torch: trusted in nothing."""
