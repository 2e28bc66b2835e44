"""The one tree of exceptions: whatever a user can cause ends in one of these, with one clear sentence.

AntiphonError
├── InputError            a file, a folder or an option from outside cannot be used
│   ├── FormatError       the bytes are not what their suffix claims, or are damaged
│   ├── LimitError        a guard against absurd input was hit (ticks, notes, tempo changes, bars)
│   └── BriefError        a wish that cannot be understood, or that contradicts another
├── OutputError           a result cannot be written (no permission, disk full)
├── SnapshotError         a model folder is missing, damaged, or of another version
├── TrainingError         a run cannot start, or may not resume (a changed recipe, an unfit store)
└── MissingExtraError     the part asked for needs an optional install
"""


class AntiphonError(Exception):
    """Root of all errors that Antiphon raises on purpose; the command line prints it and exits with 2."""


class InputError(AntiphonError):
    """Something handed in from outside cannot be used."""


class FormatError(InputError):
    """The bytes are not a valid file of their kind."""


class LimitError(InputError):
    """The input is well-formed but beyond a stated limit."""


class BriefError(InputError):
    """A wish in the brief cannot be understood or contradicts another one."""


class OutputError(AntiphonError):
    """A result cannot be written."""


class SnapshotError(AntiphonError):
    """A snapshot is missing, damaged or made by an incompatible version."""


class TrainingError(AntiphonError):
    """A training run cannot start or resume."""


class MissingExtraError(AntiphonError):
    """An optional dependency is needed for what was asked."""
