"""wandb's environment variables: their names, and what they say."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from typing import Any

Env = MutableMapping[str, str]

API_KEY = "WANDB_API_KEY"
ARTIFACT_DIR = "WANDB_ARTIFACT_DIR"
BASE_URL = "WANDB_BASE_URL"
CACHE_DIR = "WANDB_CACHE_DIR"
CONFIG_DIR = "WANDB_CONFIG_DIR"
CONFIG_PATHS = "WANDB_CONFIG_PATHS"
DATA_DIR = "WANDB_DATA_DIR"
DEBUG = "WANDB_DEBUG"
DESCRIPTION = "WANDB_DESCRIPTION"
DIR = "WANDB_DIR"
DISABLED = "WANDB_DISABLED"
DISABLE_CODE = "WANDB_DISABLE_CODE"
DISABLE_GIT = "WANDB_DISABLE_GIT"
DOCKER = "WANDB_DOCKER"
ENTITY = "WANDB_ENTITY"
HOST = "WANDB_HOST"
IGNORE = "WANDB_IGNORE_GLOBS"
INIT_TIMEOUT = "WANDB_INIT_TIMEOUT"
JOB_TYPE = "WANDB_JOB_TYPE"
MODE = "WANDB_MODE"
NAME = "WANDB_NAME"
NOTEBOOK_NAME = "WANDB_NOTEBOOK_NAME"
NOTES = "WANDB_NOTES"
PROGRAM = "WANDB_PROGRAM"
PROJECT = "WANDB_PROJECT"
QUIET = "WANDB_QUIET"
RESUME = "WANDB_RESUME"
RUN_DIR = "WANDB_RUN_DIR"
RUN_GROUP = "WANDB_RUN_GROUP"
RUN_ID = "WANDB_RUN_ID"
SAVE_CODE = "WANDB_SAVE_CODE"
SERVICE = "WANDB_SERVICE"
SILENT = "WANDB_SILENT"
SWEEP_ID = "WANDB_SWEEP_ID"
SWEEP_PARAM_PATH = "WANDB_SWEEP_PARAM_PATH"
TAGS = "WANDB_TAGS"
USERNAME = "WANDB_USERNAME"
USER_EMAIL = "WANDB_USER_EMAIL"


def strtobool(val: str) -> bool:
    """True for y, yes, t, true, on and 1, False for their opposites; raises ValueError for anything else."""
    word = val.strip().lower()
    if word in ("y", "yes", "t", "true", "on", "1"):
        return True
    if word in ("n", "no", "f", "false", "off", "0"):
        return False
    raise ValueError(f"{val!r} is neither yes nor no.")


def _get(name: str, default: Any = None, env: Env | None = None) -> Any:
    found = (os.environ if env is None else env).get(name)
    return found or default


def _text(name: str, default: str, env: Env | None = None) -> str:
    return str(_get(name, default, env))


def _flag(name: str, default: bool = False, env: Env | None = None) -> bool:
    try:
        return strtobool(_text(name, "", env)) if _get(name, "", env) else default
    except ValueError:
        return default


def get_project(default: str | None = None, env: Env | None = None) -> Any:
    """WANDB_PROJECT."""
    return _get(PROJECT, default, env)


def get_entity(default: str | None = None, env: Env | None = None) -> Any:
    """WANDB_ENTITY."""
    return _get(ENTITY, default, env)


def get_run(default: str | None = None, env: Env | None = None) -> Any:
    """WANDB_RUN_ID."""
    return _get(RUN_ID, default, env)


def get_tags(default: str = "", env: Env | None = None) -> list[str]:
    """WANDB_TAGS."""
    return [tag.strip() for tag in str(_get(TAGS, default, env)).split(",") if tag.strip()]


def get_dir(default: str | None = None, env: Env | None = None) -> Any:
    """WANDB_DIR."""
    return _get(DIR, default, env)


def get_artifact_dir(env: Env | None = None) -> str:
    """WANDB_ARTIFACT_DIR, absolute."""
    return os.path.abspath(os.path.expanduser(_text(ARTIFACT_DIR, "./artifacts", env)))


def get_cache_dir(env: Env | None = None) -> str:
    """WANDB_CACHE_DIR."""
    return os.path.expanduser(_text(CACHE_DIR, "~/.cache/wandb", env))


def get_data_dir(env: Env | None = None) -> str:
    """WANDB_DATA_DIR."""
    return os.path.expanduser(_text(DATA_DIR, "~/.local/share/wandb", env))


def get_base_url(default: str | None = None, env: Env | None = None) -> Any:
    """WANDB_BASE_URL."""
    return _get(BASE_URL, default, env)


def get_config_paths(default: str | None = None, env: Env | None = None) -> Any:
    """WANDB_CONFIG_PATHS."""
    return _get(CONFIG_PATHS, default, env)


def get_username(default: str | None = None, env: Env | None = None) -> Any:
    """WANDB_USERNAME."""
    return _get(USERNAME, default, env)


def is_offline(env: Env | None = None) -> bool:
    """Whether WANDB_MODE is offline."""
    return _text(MODE, "", env).lower() in ("offline", "dryrun")


def is_quiet(env: Env | None = None) -> bool:
    """Whether WANDB_QUIET or WANDB_SILENT is set."""
    return _flag(QUIET, env=env) or is_silent(env)


def is_silent(env: Env | None = None) -> bool:
    """Whether WANDB_SILENT is set."""
    return _flag(SILENT, env=env)


def is_debug(default: str | None = None, env: Env | None = None) -> bool:
    """Whether WANDB_DEBUG is set."""
    return _flag(DEBUG, default=bool(default), env=env)


def disable_git(env: Env | None = None) -> bool:
    """Whether WANDB_DISABLE_GIT is set."""
    return _flag(DISABLE_GIT, env=env)


def should_save_code(env: Env | None = None) -> bool:
    """Whether WANDB_SAVE_CODE is set, and WANDB_DISABLE_CODE is not."""
    return _flag(SAVE_CODE, env=env) and not _flag(DISABLE_CODE, env=env)


def is_disabled(env: Env | None = None) -> bool:
    """Whether WANDB_DISABLED is set."""
    return _flag(DISABLED, env=env)


def set_project(value: str, env: Env | None = None) -> None:
    """Sets WANDB_PROJECT; an empty `value` counts as one without a project."""
    (os.environ if env is None else env)[PROJECT] = value or "uncategorized"


def set_entity(value: str, env: Env | None = None) -> None:
    """Sets WANDB_ENTITY."""
    (os.environ if env is None else env)[ENTITY] = value
