"""Blanking secrets in what is captured: command lines, variables, addresses, diffs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

REDACTED = "***"

_SECRET_NAME = re.compile(
    r"(token|secret|passw(or)?d|passwd|passphrase|api[-_.]?key|access[-_.]?key|auth|credential|private[-_.]?key|session[-_.]?key"
    r"|(?:^|[-_.])pwd$|(?:^|[-_.]|db|user|sql)pass$)",
    re.IGNORECASE,
)
_PASSWORD_NAME = re.compile(r"passw(or)?d|passphrase|secret|api[-_.]?key|(?:^|[-_.])pwd$", re.IGNORECASE)
# What training scripts call so has nothing to hide: --tokenizer gpt2, --max_tokens 512, --pad-token.
_NO_SECRET = re.compile(
    r"tokeni[sz]\w*|(?:eos|bos|pad|unk|sep|cls|mask|image|audio|special|prompt|per)[-_]?tokens?|(?:max|min|num|n|new|total)[-_](?:\w+[-_])?tokens|tokens[-_]per"
    r"|(?:num|n|max|min|one|single|two|multi|first|second|last|final|forward|backward|per|low|high|band|all)[-_]pass$"
    r"|token[-_]?(?:dim|type|len|length|size|count|ids?|loss|embed\w*|level|drop\w*|merg\w*|budget|limit)|author(?!i[sz])\w*",
    re.IGNORECASE,
)
# Variables whose very family is secret.
_SECRET_FAMILY = re.compile(
    r"^(AWS|AZURE|GCP|GOOGLE|HF|OPENAI|ANTHROPIC|GITHUB|GITLAB)_.*(KEY|TOKEN|SECRET|PASS|CRED)", re.IGNORECASE
)
_SECRET_VALUE = re.compile(
    r"\b(hf_[A-Za-z0-9]{16,}|gh[pousr]_[A-Za-z0-9]{16,}|glpat-[\w-]{16,}|sk-[A-Za-z0-9_-]{16,}|xox[abprs]-[\w-]{8,}"
    r"|A[KS]IA[A-Z0-9]{12,}|AIza[\w-]{20,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
)
_SECRET_ARGUMENT = re.compile(r"^(hf_|ghp_|gho_|sk-|xox[abp]-|AKIA|AIza|eyJ)[A-Za-z0-9_\-./=]{8,}$")
_NAME = re.compile(r"[+~]{0,2}-{0,2}[\w.-]+")
_COUNT = re.compile(r"\d[\d_.,]{0,11}[kKmMbB]?")
# In what is JSON or looks like it: "name": "value", 'name': 'value', name: value; quotes may be escaped.
_ENTRY = re.compile(
    r"""(?P<head>(?P<open>\\{0,31}["'])?(?P<name>[\w.-]{1,64})(?(open)\\{0,31}["'])\s*[:=]\s*)"""
    r"""(?P<value>(?P<quote>\\{1,31}["'])(?:(?!(?<!\\)(?P=quote)).)*(?P=quote)|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,}\]{\["']+)"""
)
_HEADER_NAME = re.compile(r"([\w-]+):\s")
# A password may hold '@' and ':' itself: it ends at the last '@' before the path. A quote in it is one only if there is no
# '@' before the quote.
_URL_PASSWORD = re.compile(r"\b(\w+://[^/\s:\"']*):(?:[^/\s\"']+|[^/\s@]+)@")
# One that holds a '/' reaches to the last '@'; but what stands before the '/' may be a port, or a place for one.
_URL_SLASHED = re.compile(
    r"\b(\w+://[^/\s:@\"']*):(?!(?:\d*|\{[^{}\s]*\}|\$\{?\w+\}?|%\w|<[^<>\s]*>)/)[^/\s@\"']*/[^\s\"']*@"
)
_URL_QUERY = re.compile(
    r"([?&](?:token|key|api_key|apikey|access_token|password|secret|signature|sig)=)[^&\s\"']+", re.IGNORECASE
)
_HEADER = re.compile(
    r"(\bauthorization[\"']?\s*[:=]\s*[\"']?(?:(?:bearer|basic|token|digest)\s+)?|\bbearer\s+(?=\S{12}))[^\s\"',;]+",
    re.IGNORECASE,
)
# In code and configuration: name = "value", name: value; the name's own word must be secret, not only a part of a longer text.
_ASSIGNMENT = re.compile(
    r"(?i)\b([\w.-]{0,80}(?:token|secret|passw(?:or)?d|passwd|passphrase|api[-_]?key|access[-_]?key|private[-_]?key)[\w-]*[\"']?\s*[:=]\s*)"
    r"(\"[^\"\n]{4,}\"|'[^'\n]{4,}'|[A-Za-z0-9+/_=.-]{8,})"
)


def redact_arguments(arguments: Sequence[str]) -> list[str]:
    """The command line with secrets blanked: ``--token x``, ``--api-key=x``, ``PASSWORD=x``, URLs with passwords, known token forms."""
    safe: list[str] = []
    before = ""  # the option that the next argument may be the value of
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if before and not argument.startswith("-") and _hides(before, argument):
            safe.append(REDACTED)
            before = ""
            continue
        before = ""
        if equals and _NAME.fullmatch(name) and _hides(name, value):
            safe.append(f"{name}={REDACTED}")
        elif _SECRET_ARGUMENT.match(value or argument):
            safe.append(f"{name}={REDACTED}" if equals else REDACTED)
        else:
            header = _HEADER_NAME.match(argument)  # curl's way: X-Api-Key: x
            if header and secret_name(header[1]):
                safe.append(f"{header[1]}: {REDACTED}")
            else:
                safe.append(_content_blanked(argument))
            before = argument if argument.startswith("-") and not equals else ""
    return safe


def _hides(name: str, value: str) -> bool:
    """True for a secret; a number of tokens is none."""
    return secret_name(name) and not (name.lower().endswith("tokens") and _COUNT.fullmatch(value))


def _content_blanked(text: str) -> str:
    """`text`, which may be JSON or look like it, alone or after a ``name=``, with the secrets in it blanked."""
    safe = redact_text(text)
    if "{" in text:
        safe = _ENTRY.sub(_entry_blanked, safe)
        for head in ("", text.partition("=")[0] + "="):
            try:
                # Where quotes stand in quotes, only a parser knows what ends where.
                wanted = _values_blanked(json.loads(text[len(head) :]))
                try:
                    kept = json.loads(safe[len(head) :]) == wanted
                except ValueError:
                    kept = False
                return safe if kept else head + json.dumps(wanted, ensure_ascii=False)
            except ValueError:
                continue
            except RecursionError:
                return REDACTED
    return safe


def _values_blanked(value: Any, *, hidden: bool = False) -> Any:
    """What JSON holds with the values under secret names blanked, in texts that are JSON themselves too."""
    if isinstance(value, dict):
        return {
            name: _values_blanked(inner, hidden=hidden or _hides(name, str(inner))) for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_values_blanked(inner, hidden=hidden) for inner in value]
    if value is None or isinstance(value, bool):
        return value
    if hidden:
        return REDACTED
    return _content_blanked(value) if isinstance(value, str) else value


def _entry_blanked(found: re.Match[str]) -> str:
    head, value = found["head"], found["value"]
    if not _hides(found["name"], value):
        # What it holds may be such entries itself, quoted once more.
        return head + _ENTRY.sub(_entry_blanked, value) if "{" in value else found[0]
    if value.rstrip("\\\"'").endswith(REDACTED):
        return found[0]
    quote = re.match(r"\\*[\"']", value)
    return f"{head}{quote[0]}{REDACTED}{quote[0]}" if quote else f"{head}{REDACTED}"


def secret_name(name: str) -> bool:
    """True for a name that promises a secret."""
    if name in ("PWD", "OLDPWD"):  # the shell's working directory
        return False
    return _SECRET_NAME.search(_NO_SECRET.sub("", name)) is not None or _SECRET_FAMILY.match(name) is not None


def redact_text(text: str) -> str:
    """`text` without passwords in addresses and without tokens of the known forms."""
    text = _HEADER.sub(rf"\1{REDACTED}", text)
    text = _URL_SLASHED.sub(rf"\1:{REDACTED}@", _URL_PASSWORD.sub(rf"\1:{REDACTED}@", text))
    text = _URL_QUERY.sub(rf"\1{REDACTED}", text)
    return _SECRET_VALUE.sub(REDACTED, text)


def redact_code(text: str) -> str:
    """Like :func:`redact_text`, and values that are assigned to secret names are blanked: for diffs and configuration."""
    return redact_text(_ASSIGNMENT.sub(_blanked, text))


def redact_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Environment variables with the secret ones blanked."""
    return {name: REDACTED if _hides(name, value) else _content_blanked(value) for name, value in variables.items()}


def redact_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config, as JSON has it, with the texts under secret names blanked, however deep, and what is secret in other texts.

    Numbers stay, since a config is full of ``max_token: 512``; only one that is called a password does not.
    """
    return {name: _config_value(value, name, hidden=False) for name, value in config.items()}


def _config_value(value: Any, name: str, *, hidden: bool) -> Any:
    # "tokens" are what models read; a single token may be a key.
    hidden = hidden or (secret_name(name) and not name.lower().endswith("tokens"))
    if isinstance(value, Mapping):
        return {inner: _config_value(found, str(inner), hidden=hidden) for inner, found in value.items()}
    if isinstance(value, list | tuple):
        return [_config_value(found, name, hidden=hidden) for found in value]
    if isinstance(value, str):
        return REDACTED if hidden and value else _content_blanked(value)
    if hidden and isinstance(value, int | float) and not isinstance(value, bool) and _PASSWORD_NAME.search(name):
        return REDACTED
    return value


def _blanked(found: re.Match[str]) -> str:
    quote = found[2][0] if found[2][0] in "\"'" else ""
    return f"{found[1]}{quote}{REDACTED}{quote}"
