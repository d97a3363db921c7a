"""Integrations that Aspara does not have: a program that asks for one is told so once, and goes on without it."""

from __future__ import annotations

from typing import Any, TypeVar

from aspara.util.messages import say_once

_T = TypeVar("_T")


def _tell(what: str) -> None:
    say_once(f"{what} is not supported; the program goes on without it. Log what it shall record with log().")


def autolog(*_: Any, **__: Any) -> None:
    """Nothing is logged by itself."""
    _tell("autolog()")


def monitor_gym(*_: Any, **__: Any) -> None:
    """Nothing is recorded by itself."""
    _tell("monitor()")


def upload_dataset(*_: Any, **__: Any) -> None:
    """Nothing is uploaded."""
    _tell("upload_dataset()")


def unchanged(func: _T | None = None, *_: Any, **__: Any) -> Any:
    """A decorator that changes nothing."""
    _tell("wandb_log")
    return func if func is not None else lambda inner: inner


class _Unsupported:
    """Takes every call and does nothing."""

    _what = ""

    def __init__(self, *_: Any, **__: Any) -> None:
        _tell(self._what)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: None


class OpenAILogger(_Unsupported):
    """wandb's logger of fine-tuning jobs."""

    _what = "The logger of OpenAI's fine-tuning jobs"

    @classmethod
    def sync(cls, *_: Any, **__: Any) -> str:
        """Nothing is fetched."""
        _tell(cls._what)
        return ""


class LangChainTracer(_Unsupported):
    """wandb's tracer of LangChain."""

    _what = "The tracer of LangChain"

    @classmethod
    def init(cls, *_: Any, **__: Any) -> LangChainTracer:
        """Nothing is traced."""
        return cls()

    @classmethod
    def finish(cls) -> None:
        """Nothing was traced."""


class SacredObserver(_Unsupported):
    """wandb's observer of Sacred experiments."""

    _what = "The observer of Sacred experiments"
    priority = 0
