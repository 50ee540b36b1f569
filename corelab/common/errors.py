"""The one kind of error that is the user's to mend: a single line, no traceback."""


class UserError(ValueError):
    """Bad input: the message says what was expected, what was got, and what to do."""
