"""Logging in and setting up: nothing of it is needed here, and programs begin with it."""

from __future__ import annotations

from typing import Any

from aspara.compat.active import Settings


class Setup:
    """What ``wandb.setup()`` returns."""

    def __init__(self, settings: Any = None) -> None:
        self.settings = Settings.of(settings)

    def ensure_service(self) -> None:
        """Nothing: there is no service."""


def login(
    key: str | None = None,
    relogin: bool | None = None,
    host: str | None = None,
    force: bool | None = None,
    timeout: int | None = None,
    verify: bool = True,
    referrer: str | None = None,
    prompt: bool = True,
    anonymous: Any = None,
    **ignored: Any,
) -> bool:
    """True: there is no account. A key is not kept, and nobody is asked for one."""
    del key, relogin, host, force, timeout, verify, referrer, prompt, anonymous, ignored
    return True


def setup(settings: Any = None) -> Setup:
    """Nothing has to be set up; what is returned has the settings."""
    return Setup(settings)


def teardown(exit_code: int | None = None) -> None:
    """Finishes the active run, if there is one."""
    from aspara.recording import registry

    if registry.running is not None:
        registry.running.finish(exit_code)


def ensure_configured() -> None:
    """Nothing has to be configured."""


def require(requirement: Any = None, experiment: Any = None) -> None:
    """Accepted: what it asks of wandb works here or does not exist."""
    del requirement, experiment


def sagemaker_auth(overrides: Any = None, path: str = ".", api_key: str | None = None) -> None:
    """Nothing: there is no key to hand on."""
    del overrides, path, api_key


def attach(run_id: str | None = None, run: Any = None) -> Any:
    """The active run: processes join a run by its id, ``init(id=...)``."""
    del run_id, run
    from aspara.recording import registry

    return registry.running
