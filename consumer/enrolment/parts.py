"""The parts of an event that enrolment reads. The rest is never made into objects."""

from __future__ import annotations

import msgspec
import orjson

from consumer.enrolment.decode import NotJson, decode
from consumer.enrolment.pointer import inside
from consumer.enrolment.trait_names import KNOWN
from consumer.enrolment.traits import MOST_KEYS, Object, TraitSource


class Context(msgspec.Struct, gc=False):
    """The fields of `context` that enrolment reads."""

    traits: object = None
    consent: object = None


class Options(msgspec.Struct, gc=False):
    """The fields of `options` that enrolment reads."""

    traits: object = None


class Parts(msgspec.Struct, gc=False):
    """The fields of an event that enrolment reads; None where absent or not an object."""

    traits: object = None
    context: Context | None = None
    options: Options | None = None
    properties: object = None

    @classmethod
    def of(cls, event: Object) -> Parts:
        """Return the parts of a fully decoded event."""
        context, options = object_in(event.get("context")), object_in(event.get("options"))
        return cls(
            event.get("traits"),
            Context(context.get("traits"), context.get("consent")) if context is not None else None,
            Options(inside(options, "traits")),
            event.get("properties"),
        )


_NULL = msgspec.Raw(b"null")


class _LongContext(msgspec.Struct, gc=False):
    traits: msgspec.Raw = _NULL
    consent: msgspec.Raw = _NULL


class _LongOptions(msgspec.Struct, gc=False):
    traits: msgspec.Raw = _NULL


class _LongParts(msgspec.Struct, gc=False):
    traits: msgspec.Raw = _NULL
    context: _LongContext | None = None
    options: _LongOptions | None = None
    properties: msgspec.Raw = _NULL


_DECODER = msgspec.json.Decoder(Parts)
_LONG_DECODER = msgspec.json.Decoder(_LongParts)
_VALUES_DECODER = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LONG = 16 * 1024  # bytes
_MOST_NESTED = 256 * 1024  # bytes of lists and objects in a long event that are read; a megabyte takes up to 50 ms
_UNREAD = NotJson("too long")


def read_parts(value: bytes) -> Parts | None:
    """Return the parts of an event; None where a part has another type or is unreadable, and `decode` is needed.

    Flaws elsewhere (a character in another encoding, a number beyond a double's range) are ignored.
    """
    try:
        return _DECODER.decode(value) if len(value) < _LONG else _read_long(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _read_long(value: bytes) -> Parts:
    found = _LONG_DECODER.decode(value)
    context, options, reader = found.context, found.options, _LongReader()
    consent = reader.value(context.consent) if context is not None else None  # first: the rest may use up the limit
    return Parts(
        reader.traits(found.traits),
        Context(reader.traits(context.traits), consent) if context is not None else None,
        Options(reader.traits(options.traits)) if options is not None else None,
        reader.properties(found.properties),
    )


class _LongReader:
    """Read the traits of one long event value by value, and nested values up to a limit.

    Uses orjson: msgspec takes 20 us for a number such as 5e-324, and a megabyte holds 100,000 of them.
    """

    def __init__(self) -> None:
        self._left = _MOST_NESTED

    def traits(self, raw: msgspec.Raw) -> object:
        """Return the traits: an object, or a value of another type."""
        return self._object(_VALUES_DECODER.decode(raw)) if _is_object(raw) else self.value(raw)

    def properties(self, raw: msgspec.Raw) -> object:
        """Return `properties`, which may hold traits and be traits."""
        if not _is_object(raw):
            return self.value(raw)
        values = _VALUES_DECODER.decode(raw)
        held = values.pop("traits", None)
        found = self._object(values)
        return found if held is None else {**found, "traits": self.traits(held)}

    def value(self, raw: msgspec.Raw) -> object:
        """Return a value; `NotJson`, which no field and no consent accepts, if it is unreadable."""
        data = memoryview(raw)
        if data[0] in b"[{":
            if len(data) > self._left:
                return _UNREAD
            self._left -= len(data)
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError:
            return decode(bytes(data))

    def _object(self, values: dict[str, msgspec.Raw]) -> Object:
        """Read all values; if there are too many, those under the usual spellings, as `find_all` does."""
        if len(values) <= MOST_KEYS:
            return {key: self.value(raw) for key, raw in values.items()}
        found: Object = dict.fromkeys(values, _UNREAD)
        for key in KNOWN.keys() & values.keys():
            found[key] = self.value(values[key])
        return found


def _is_object(raw: msgspec.Raw) -> bool:
    return memoryview(raw)[0] == ord("{")


def places_of(parts: Parts) -> list[TraitSource]:
    """Return the objects that may hold traits, in order of precedence. Another type counts as absent."""
    places: list[TraitSource] = []
    if parts.traits is not None:
        _add(places, "/traits", parts.traits)
    if parts.context is not None and parts.context.traits is not None:
        _add(places, "/context/traits", parts.context.traits)
    if parts.options is not None and parts.options.traits is not None:
        _add(places, "/options/traits", parts.options.traits)
    if parts.properties is not None and (properties := object_in(parts.properties)):
        if "traits" in properties:
            _add(places, "/properties/traits", properties["traits"])
        places.append(("/properties", properties))
    return places


def _add(places: list[TraitSource], pointer: str, value: object) -> None:
    if held := object_in(value):
        places.append((pointer, held))


def object_in(value: object) -> Object | None:
    """Return the object; also one that a producer has encoded twice, as JSON text."""
    if isinstance(value, str) and len(value) <= _LONG and value.lstrip().startswith("{"):
        value = decode(value.encode("utf-8", "surrogatepass"))
    return value if isinstance(value, dict) else None
