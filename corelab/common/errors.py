"""The one kind of error that is the user's to fix: a single line, no traceback."""


class UserError(ValueError):
    """Bad input: the message says what was expected, what was got, and what to do.

    values: fill the {names} in the message.
    """

    def __init__(self, message: str, /, **values: object):
        super().__init__(message.format(**values) if values else message)
