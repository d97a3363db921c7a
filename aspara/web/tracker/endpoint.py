"""What the tracker's endpoints share: the runs that they are about, and bodies that may be packed."""

from __future__ import annotations

import zlib
from typing import Any

from aspara.errors import TooLarge, UsageError
from aspara.web.endpoint import Endpoint
from aspara.web.tracker.receiver import RunReceiver

_MAX_RAW = 64 << 20


class TrackerEndpoint(Endpoint):
    """An endpoint of the tracker."""

    max_body = 16 << 20
    intake: RunReceiver

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
