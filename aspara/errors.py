"""Every error Aspara raises on purpose.

Each message names the value and the way out; it is fit to be shown to a user, in a terminal or as the ``detail`` of an
HTTP answer, and holds no path or traceback unless the error is about a path the user gave.

    AsparaError
    ├── UsageError            the program called us wrongly (log before init, a step that is no number)   400
    │   ├── InvalidName       a project, run, metric or artifact name breaks the rules                    400
    │   ├── WrongType         a value of a wrong type where only one makes sense: log([1]); a TypeError   400
    │   └── InvalidFilter     a filter expression makes no sense                                          400
    ├── CommError             what was asked for could not be had; wandb's word for it                    500
    │   ├── NotFound                                                                                      404
    │   │   ├── ProjectNotFound
    │   │   ├── RunNotFound
    │   │   ├── ArtifactNotFound
    │   │   └── MediaNotFound
    │   └── TrackerError      a tracker could not be reached or refused                                   502
    ├── RunDeleted            a client sends to a run that a person deleted                               410
    ├── RunExists             resume="never" (or a tracker's create) met an existing run                  409
    ├── RunIsRunning          a running run would be deleted                                              409
    ├── RunHasEnded           a run that nobody writes is asked to stop                                   409
    ├── SequenceGap           a batch of rows starts after the next expected one                          409
    ├── BatchDiffers          a number of a batch was used before, for other rows                        422
    ├── Stale                 an edit was based on a state that somebody else changed since               412
    ├── TooLarge              a body, file or archive is over its limit                                   413
    ├── Unauthorized          no token, or a wrong one                                                    401
    ├── Forbidden             this host, origin or path is not allowed                                    403
    │   └── ReadOnly          the dashboard was started read-only                                         403
    ├── ArtifactDamaged       content is not what its manifest says                                       500
    ├── NotRemote             something that a run at a tracker cannot do                                 400
    ├── Busy                  too many reads or streams at the same time                                  503
    ├── DataDirError          the data directory is missing, unreadable or unwritable                     500
    └── NotDurable            a tracker's disk does not take what was sent; it is to be sent again        503
"""

from __future__ import annotations

HEADER = "X-Aspara-Error"
"""The header in which an HTTP answer names the type of its error, so that a client can raise the same."""


class AsparaError(Exception):
    """The root of all errors raised by Aspara. ``status`` is the HTTP status an answer carries for it."""

    status = 500


class UsageError(AsparaError, ValueError):
    """A call breaks a rule that its caller could have kept."""

    status = 400


class WrongType(UsageError, TypeError):
    """A value has a type that the call cannot take. A TypeError too, as programs written for wandb catch it."""


class InvalidName(UsageError):
    """A name is no valid project, run, metric or artifact name."""


class InvalidFilter(UsageError):
    """A filter makes no sense: ``reason`` says what, ``start`` and ``end`` which characters of it."""

    def __init__(self, reason: str, start: int, end: int) -> None:
        super().__init__(f"Filter, character {start + 1}: {reason}")
        self.reason = reason
        self.start = start
        self.end = end


class CommError(AsparaError):
    """Something that was asked for could not be had: it does not exist, or its tracker does not answer."""


class NotFound(CommError, LookupError):
    """Something named does not exist."""

    status = 404


class ProjectNotFound(NotFound):
    """There is no such project in the data directory."""


class RunNotFound(NotFound):
    """There is no such run in the project."""


class ArtifactNotFound(NotFound):
    """The run keeps no such artifact."""


class MediaNotFound(NotFound):
    """The run keeps no such media file."""


class RunDeleted(AsparaError):
    """A client sends to a run that a person has deleted."""

    status = 410


class RunExists(AsparaError):
    """A new run was demanded where one of that name or id exists."""

    status = 409


class RunIsRunning(AsparaError):
    """The run has a living writer, so it is not deleted."""

    status = 409


class RunHasEnded(AsparaError):
    """The run has no living writer, so it cannot be asked for anything."""

    status = 409


class SequenceGap(AsparaError):
    """A batch starts after the next expected row; ``expected`` is that row's sequence number. Or an item that is no row comes
    after the next expected one: then ``what`` is ``items``.
    """

    status = 409

    def __init__(self, message: str, expected: int, what: str = "next") -> None:
        super().__init__(message)
        self.expected = expected
        self.what = what


class BatchDiffers(AsparaError):
    """A batch has a number that was used before, for other rows."""

    status = 422


class NotDurable(AsparaError):
    """A tracker's disk does not take what was sent; ``retry_after`` says in how many seconds it is worth another try."""

    status = 503
    retry_after = 5


class Stale(AsparaError):
    """The state that an edit was based on has changed since."""

    status = 412


class TooLarge(AsparaError):
    """A body, file or archive is over its limit."""

    status = 413


class Unauthorized(AsparaError):
    """No token was given, or a wrong one."""

    status = 401


class Forbidden(AsparaError):
    """The request's host, origin or path is not allowed."""

    status = 403


class ReadOnly(Forbidden):
    """The dashboard was started read-only."""


class ArtifactDamaged(AsparaError):
    """An artifact's content is not what was logged."""


class NotRemote(AsparaError):
    """A run that goes to a tracker cannot do this."""

    status = 400


class Busy(AsparaError):
    """The server has too many reads or streams of this client; ``retry_after`` says in how many seconds to try again."""

    status = 503
    retry_after = 10


class DataDirError(AsparaError, OSError):
    """The data directory is missing, unreadable or unwritable."""


class TrackerError(CommError, ConnectionError):
    """A remote tracker could not be reached, or refused."""

    status = 502


def __getattr__(name: str) -> type[AsparaError]:
    # wandb's words, for programs that say `import aspara as wandb`.
    if name in ("Error", "AuthenticationError"):
        return AsparaError if name == "Error" else Unauthorized
    raise AttributeError(f"module 'aspara.errors' has no attribute {name!r}")
