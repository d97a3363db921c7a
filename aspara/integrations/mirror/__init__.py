"""Recording here what a program logs to another tracker, which goes on as ever."""

from aspara.integrations.mirror.mirror import Mirror, mirror

__all__ = ["Mirror", "mirror"]
