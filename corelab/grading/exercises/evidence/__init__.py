"""What the grader reads out of what came back, with numpy alone."""
