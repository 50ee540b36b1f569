"""What both the bench and the grader stand on; it imports nothing else of corelab."""
