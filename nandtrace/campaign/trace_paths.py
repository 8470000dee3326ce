"""Where traces lie in the output folder: a template of the campaign file's, which can't lead out of it."""

from __future__ import annotations

import re

from nandtrace.user_files import EntryError, shorten

DEFAULT_TEMPLATE = "traces/{profile}/{options}/{seed}.mpk"
SUFFIX = ".mpk"

_PLACE = "traces"
_FIELD = re.compile(r"\{(\w*)\}")
_FIELDS = ("profile", "options", "seed")
_OWN_FOLDERS = ("profiles", "work")
_OWN_FILES = ("campaign.", "journal.")
_NAME_BYTES = 255
_PATH_BYTES = 1024


def check_template(template: str) -> None:
    """Raise EntryError for a field that there is not, a stray brace, or a character no path should have."""
    for name in _FIELD.findall(template):
        if name not in _FIELDS:
            known = ", ".join(f"{{{field}}}" for field in _FIELDS)
            raise EntryError(_PLACE, f"there is no {{{name}}}, only {known}")
    rest = _FIELD.sub("", template)
    if "{" in rest or "}" in rest:
        raise EntryError(_PLACE, f"{shorten(template)} has a brace without its other one")
    if not rest.isprintable():
        raise EntryError(_PLACE, f"{shorten(template)} has a character that can't be seen")
    if "\\" in rest or ":" in rest:
        raise EntryError(_PLACE, f"{shorten(template)} has a backslash or a colon")


def trace_path(template: str, profile: str, options: str, seed: int) -> str:
    """The path of one cell's trace."""
    values = {"profile": profile, "options": options, "seed": str(seed)}
    return _FIELD.sub(lambda found: values[found[1]], template)


def check_trace_path(path: str) -> None:
    """Raise EntryError for a path that leads out of the output folder, or to what is not a trace's."""
    *folders, name = path.split("/")
    parts = [*folders, name]
    if path.startswith("/"):
        raise EntryError(_PLACE, f"{shorten(path)} is absolute; it must lie in the output folder")
    if ".." in parts:
        raise EntryError(_PLACE, f"{shorten(path)} leads out of the output folder")
    if "" in parts or "." in parts:
        raise EntryError(_PLACE, f"{shorten(path)} has a part without a name")
    if not name.endswith(SUFFIX) or name == SUFFIX:
        raise EntryError(_PLACE, f"{shorten(path)} does not end in {SUFFIX}")
    if any(folder.endswith(SUFFIX) for folder in folders):
        raise EntryError(_PLACE, f"{shorten(path)}: a folder can't end in {SUFFIX}")
    _check_own(path, parts)
    _check_length(path, parts)


def _check_own(path: str, parts: list[str]) -> None:
    top = parts[0].casefold()
    if top in _OWN_FOLDERS or top.startswith(_OWN_FILES):
        raise EntryError(_PLACE, f"{shorten(path)} is a name that the campaign itself needs")


def _check_length(path: str, parts: list[str]) -> None:
    if max(len(part.encode()) for part in parts) > _NAME_BYTES or len(path.encode()) > _PATH_BYTES:
        raise EntryError(_PLACE, f"{shorten(path)} is too long")
