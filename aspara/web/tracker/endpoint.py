"""What the tracker's endpoints share: the runs that they are about, and bodies that may be packed."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable
from typing import Any

from aspara.errors import AsparaError, DataDirError, NotDurable, TooLarge, UsageError
from aspara.web.endpoint import Endpoint
from aspara.web.tracker.payloads import Origin, origin_of
from aspara.web.tracker.receiver import RunReceiver

_MAX_RAW = 64 << 20
_log = logging.getLogger("aspara.web")


class TrackerEndpoint(Endpoint):
    """An endpoint of the tracker."""

    max_body = 16 << 20
    intake: RunReceiver

    def origin(self) -> Origin:
        """Which run and which of its items the client means."""
        return origin_of(self.request.headers)

    async def durably(self, work: Callable[..., Any], *args: Any) -> Any:
        """What `work` returns, done off the loop. Where the disk does not take it nothing is acknowledged: NotDurable."""
        try:
            return await self.context.off_loop(work, *args)
        except DataDirError:
            reason = "its data directory cannot be written"
        except AsparaError:
            raise
        except OSError as error:
            _log.warning("%s %s: %s", self.request.method, self.request.path, error)
            reason = error.strerror or type(error).__name__
        raise NotDurable(f"The tracker's disk does not take it now ({reason}). Send it again later.")

    def json_body(self) -> dict[str, Any]:
        """The body, unpacked if it is gzip, but never beyond 64 MiB."""
        if self.request.headers.get("Content-Encoding", "").lower() == "gzip":
            if len(self.request.body) > self.max_body:
                raise TooLarge(f"The body has {len(self.request.body)} bytes; at most {self.max_body} are taken here.")
            unpacker = zlib.decompressobj(31)
            try:
                content = unpacker.decompress(self.request.body, _MAX_RAW)
            except zlib.error:
                raise UsageError("The body is said to be gzip and is not.") from None
            if unpacker.unconsumed_tail or not unpacker.eof:
                raise TooLarge(f"The body has more than {_MAX_RAW} bytes unpacked, or is cut short.")
            self.request.body = content
            self.max_body = _MAX_RAW
        return super().json_body()
