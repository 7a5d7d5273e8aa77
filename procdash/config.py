"""The configuration file: what it may say, how strictly it is read, and who wins where several have a say.

procdash reads the file and never writes it.
"""

from __future__ import annotations

import os
import re
import stat
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec
from msgspec import Meta, Struct

from procdash.store.errors import Determinate
from procdash.store.location import URL_FORM, parse_location

FILE_NAME = "config.toml"
LARGEST_FILE = 256 * 1024
"""More bytes than anybody writes into a configuration; what is larger is another file."""

_SECONDS_A_MINUTE = 60.0
_LOCATIONS = "locations"
_TOML_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_TYPE_NAME = re.compile(r"`([a-z]+)(?: \| null)?`")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_IN_WORDS = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "object": "a table",
    "str": "text in quotes",
}
_HELD_IN: tuple[tuple[str, ...], ...] = ((), ("procedure",), ("data",), ("data", "procedure"))
"""Below a directory that a user opens, where the procedures may lie."""

Minutes = Annotated[float, Meta(gt=0)]
Place = tuple[str, ...]
Table = TypeVar("Table", bound=Struct)


class ConfigurationError(Exception):
    """The configuration cannot be used; the text names the file, the place in it, and the next step."""


class Choices(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one source (a command line, a location in the file, the file) has to say."""

    read_only: bool | None = None
    """Whether every write is taken away; None where this source does not say."""
    stuck_after_minutes: Minutes | None = None
    """Minutes without a new key after which an unfinished procedure is stuck; None as above."""


class LocationChoices(Choices, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the file says about one location."""

    url: Annotated[str, Meta(min_length=1)]
    """A path or URL; once the file is read, a path is absolute."""


class Settings(NamedTuple):
    """What holds for one location after everybody had a say."""

    read_only: bool
    """Whether every write is taken away."""
    stuck_after_seconds: float
    """Seconds without a new key after which an unfinished procedure is stuck."""
    location_name: str | None = None
    """What the file calls the location; None where it does not name it."""


class Configuration(Choices, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the file says: for every location, and for each one that it names."""

    locations: dict[str, LocationChoices] = {}
    """The named locations, in the order of the file."""

    def name_of(self, url: str) -> str | None:
        """The name of the location that a path or URL leads to, so that its settings hold however it is reached.

        Paths are compared as they are written, without following symbolic links. A named directory stands for
        everything below it; where several fit, the nearest one counts, and of two names for one place the one that
        is read-only.

        Args:
            url: a path or URL, as the store takes it.

        Returns:
            The name; None where no named location fits.
        """
        place = _place(url)
        reached = {place + held_in for held_in in _HELD_IN}
        found: list[tuple[int, bool, str]] = []
        for name, choices in self.locations.items():
            named = _place(choices.url)
            if place[: len(named)] == named or named in reached:
                found.append((len(named), self._is_read_only(choices), name))
        return max(found, key=lambda fit: fit[:2])[2] if found else None

    def settings(self, location_name: str | None, *, given: Choices, default: Choices) -> Settings:
        """Settle what holds: what was given, else what the location says, else the file, else the default.

        Args:
            location_name: one of `locations`; None for a place that the file does not name.
            given: what the command line and the environment say.
            default: what holds where nobody says anything; it must not leave anything open.
        """
        named = [] if location_name is None else [self.locations[location_name]]
        by_rank: list[Choices] = [given, *named, self, default]
        return Settings(
            read_only=next(choices.read_only for choices in by_rank if choices.read_only is not None),
            stuck_after_seconds=_SECONDS_A_MINUTE
            * next(choices.stuck_after_minutes for choices in by_rank if choices.stuck_after_minutes is not None),
            location_name=location_name,
        )

    def _is_read_only(self, choices: LocationChoices) -> bool:
        return bool(self.read_only if choices.read_only is None else choices.read_only)


def default_file() -> Path:
    """Where the configuration lies unless somebody names another file: `$XDG_CONFIG_HOME/procdash/config.toml`."""
    from platformdirs import user_config_path  # noqa: PLC0415 - not needed where a file is named

    return user_config_path("procdash", appauthor=False) / FILE_NAME


def load_configuration(file: Path | None = None) -> Configuration:
    """Read the configuration.

    Args:
        file: what the user named, where `~` is the home directory; it must then exist. None for `default_file`,
            which may be missing.

    Raises:
        ConfigurationError: if it cannot be read, is no TOML, or says something that procdash does not know.
    """
    path = default_file() if file is None else Path(os.path.expanduser(file))  # noqa: PTH111 - never raises
    try:
        content = _read(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        if file is None and not path.is_symlink():  # a link that leads nowhere is a mishap, not a choice
            return Configuration()
        raise ConfigurationError(f"no such configuration file: {path}") from error
    except OSError as error:
        raise ConfigurationError(
            f"cannot read the configuration {path}: {error.strerror or error}. "
            f"Name another file with --config, or {os.devnull} to go without."
        ) from error
    return parse_configuration(content, path)


def parse_configuration(content: bytes, file: Path) -> Configuration:
    """Understand the text of a configuration.

    Args:
        content: TOML in UTF-8.
        file: where it comes from: relative paths in it start at its directory, and messages name it.

    Raises:
        ConfigurationError: as `load_configuration`.
    """
    if not content.strip():
        return Configuration()
    document = _parse_toml(content, file)
    tables = document.pop(_LOCATIONS, {})
    if not isinstance(tables, dict):
        raise ConfigurationError(f"{file}: {_LOCATIONS}: expected a table for each, such as [{_LOCATIONS}.NAME]")
    base = _typed(document, Configuration, (), file)
    directory = Path(os.path.abspath(file)).parent  # noqa: PTH100 - no resolving
    locations: dict[str, LocationChoices] = {}
    for name, table in tables.items():
        keys = (_LOCATIONS, name)
        _check_name(name, keys, file)
        choices = _typed(table, LocationChoices, keys, file)
        locations[name] = msgspec.structs.replace(choices, url=_from_directory(choices.url, directory))
    return msgspec.structs.replace(base, locations=locations)


def _read(path: Path) -> bytes:
    def without_waiting(name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NONBLOCK)  # a pipe without a writer would block for ever

    with open(path, "rb", opener=without_waiting) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode) and os.fspath(path) != os.devnull:
            raise OSError("it is not a regular file")
        content = stream.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise OSError(f"it is larger than {LARGEST_FILE // 1024} KiB, so it can hardly be a configuration")
    return content


def _parse_toml(content: bytes, file: Path) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - only for those who have a configuration

    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line_number = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{file}:{line_number}: this is not text in UTF-8") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        position = _TOML_POSITION.search(str(error))
        what = _TOML_POSITION.sub("", str(error))
        if position is None:
            raise ConfigurationError(f"{file}: {what}") from error
        line, column = position.groups()
        last_line = len(text.rstrip().splitlines())
        where = f"{line}:{column}" if line else f"{last_line}"
        raise ConfigurationError(f"{file}:{where}: {what}") from error
    except RecursionError as error:
        raise ConfigurationError(f"{file}: tables or lists are nested too deeply") from error
    except ValueError as error:  # a number of thousands of digits
        raise ConfigurationError(f"{file}: {error}") from error


def _typed(table: object, kind: type[Table], keys: tuple[str, ...], file: Path) -> Table:
    """Turn what TOML holds at `keys` into `kind`."""
    if isinstance(table, dict):
        fields = {field.name: field.required for field in msgspec.structs.fields(kind)}
        for key in table:
            if key not in fields:
                close = get_close_matches(key.replace("-", "_"), fields, n=1)
                hint = f"did you mean '{close[0]}'?" if close else f"known here are {', '.join(fields)}"
                raise ConfigurationError(f"{file}: unknown key {_dotted(*keys, key)}; {hint}")
        for key, is_required in fields.items():
            if is_required and key not in table:
                raise ConfigurationError(f"{file}: {_dotted(*keys)} has no '{key}'")
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        inner = where.removesuffix("`")
        raise ConfigurationError(f"{file}: {_dotted(*keys, *filter(None, [inner]))}: {_in_words(what)}") from error


def _check_name(name: str, keys: tuple[str, ...], file: Path) -> None:
    """Only what can be told from a path or an option, and typed, is a name."""
    is_plain = name.isprintable() and not any(map(str.isspace, name)) and "/" not in name
    if not name or not is_plain or name[0] in "-.~":
        raise ConfigurationError(
            f"{file}: {_dotted(*keys)}: a location's name is visible characters without blanks or '/', "
            "and does not begin with '-', '.' or '~'"
        )


def _from_directory(url: str, directory: Path) -> str:
    """A path as an absolute one, starting at `directory`; a URL as it is."""
    if URL_FORM.match(url):
        return url
    return os.path.abspath(directory / os.path.expanduser(url))  # noqa: PTH100, PTH111 - no resolving, never raises


def _place(url: str) -> Place:
    """What is compared to tell whether two spellings name one place; the beginning names what lies above it."""
    try:
        location = parse_location(url)
    except Determinate:
        return (url.rstrip("/"),)
    if location.scheme == "file":
        return (location.scheme, *Path(location.path).parts)
    return tuple(location)


def _dotted(*keys: str) -> str:
    return ".".join(key if _BARE_KEY.fullmatch(key) else repr(key) for key in keys)


def _in_words(what: str) -> str:
    """A message of msgspec for people who write TOML."""
    if what == "Expected `str` of length >= 1":
        return "must not be empty"
    worded = _TYPE_NAME.sub(lambda match: _IN_WORDS.get(match[1], f"a {match[1]}"), what)
    return worded[:1].lower() + worded[1:]
