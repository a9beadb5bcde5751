"""What is wrong with a rule, before it is known where the rule stands."""


class Problem(Exception):
    """A rule cannot be used.

    `part` is the piece of the user's text that is meant: None until somebody knows it, empty where it says nothing.
    """

    def __init__(self, message: str, *, hint: str = "", part: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.part = part
