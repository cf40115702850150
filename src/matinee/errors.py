"""Every error Matinee raises on purpose.

    MatineeError
    ├── InputError            what the caller gave cannot be used
    │   ├── DataError           a file or folder of ratings, movies or metadata
    │   ├── UnknownIdError      a user, movie, engine, release … nobody has heard of
    │   ├── SettingsError       a setting or option outside its range
    │   └── ShapeError          arrays that do not fit together
    ├── StateError            the right call at the wrong time
    │   ├── NotFittedError      an engine asked before `fit`
    │   ├── ReleaseError        a release that is broken, half written or absent
    │   ├── StoreError          a database that cannot be opened or does not fit
    │   └── LeakError           an evaluation whose test data reached the training
    ├── GateError             a candidate that may not go live
    ├── MissingExtraError     an optional dependency that is not installed
    └── EnvironmentFailure    the machine said no: network, port, memory, disk

Each carries one sentence for the reader and, where there is one, the next step.
"""

from __future__ import annotations


class MatineeError(Exception):
    """Base of the tree.

    Args:
        message: what was given and what was expected, in one sentence.
        hint: what to do next; shown on a line of its own.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n{self.hint}"


class InputError(MatineeError):
    """What the caller gave cannot be used."""


class DataError(InputError):
    """A file or folder of ratings, movies or metadata cannot be read."""


class UnknownIdError(InputError):
    """A user, movie, engine or release nobody has heard of."""


class SettingsError(InputError):
    """A setting or option outside its range."""


class ShapeError(InputError):
    """Arrays that do not fit together."""


class StateError(MatineeError):
    """The right call at the wrong time."""


class NotFittedError(StateError):
    """An engine was asked before `fit`."""


class ReleaseError(StateError):
    """A release is broken, half written or absent."""


class StoreError(StateError):
    """A database cannot be opened, or holds something else."""


class LeakError(StateError):
    """Test data reached the training."""


class GateError(MatineeError):
    """A candidate release may not go live."""


class MissingExtraError(MatineeError):
    """An optional dependency is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs an optional part that is not installed.", hint=f"pip install 'matinee[{extra}]'"
        )


class EnvironmentFailure(MatineeError):  # noqa: N818 - "EnvironmentError" is Python's own name for OSError
    """The machine said no: network, port, memory or disk."""
