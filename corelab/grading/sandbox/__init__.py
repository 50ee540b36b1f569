"""Running answers that nobody trusts. It knows no exercise."""
