"""The grader: runs answers that nobody trusts, and says what is right, what is wrong and why.

The bench never imports this package.
"""
