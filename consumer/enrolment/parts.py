"""The parts of an event that enrolment reads, and nothing else of it: most of an event is never made into objects."""

from __future__ import annotations

import msgspec
import orjson

from consumer.enrolment.traits import Object, TraitSource, inside


class Context(msgspec.Struct, gc=False):
    """What enrolment reads of `context`."""

    traits: object = None
    consent: object = None


class Options(msgspec.Struct, gc=False):
    """What enrolment reads of `options`."""

    traits: object = None


class Parts(msgspec.Struct, gc=False):
    """What enrolment reads of an event. None: the event doesn't have it, or as another type than an object."""

    traits: object = None
    context: Context | None = None
    options: Options | None = None
    properties: object = None

    @classmethod
    def of(cls, event: Object) -> Parts:
        """Take the parts of an event that was read in full."""
        context, options = event.get("context"), event.get("options")
        return cls(
            event.get("traits"),
            Context(context.get("traits"), context.get("consent")) if isinstance(context, dict) else None,
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
_LONG = 16 * 1024  # bytes


def read_parts(value: bytes) -> Parts | None:
    """Return the parts of an event; None where `decode` has to read it: a part is of another type, or can't be read.

    A flaw in what is passed over (a character in another encoding, a number beyond a double's range) spoils nothing.
    """
    try:
        return _DECODER.decode(value) if len(value) < _LONG else _read_long(value)
    except (msgspec.DecodeError, orjson.JSONDecodeError, UnicodeDecodeError, RecursionError):
        return None


def _read_long(value: bytes) -> Parts:
    """Read the parts with orjson: msgspec takes 20 us for a number such as 5e-324, and a megabyte holds 100,000."""
    found = _LONG_DECODER.decode(value)
    context, options = found.context, found.options
    return Parts(
        _loaded(found.traits),
        Context(_loaded(context.traits), _loaded(context.consent)) if context is not None else None,
        Options(_loaded(options.traits)) if options is not None else None,
        _loaded(found.properties),
    )


def _loaded(raw: msgspec.Raw) -> object:
    return orjson.loads(memoryview(raw))


def places_of(parts: Parts) -> list[TraitSource]:
    """Return the objects that may hold traits, in the order in which they count. Another type counts as absent."""
    places: list[TraitSource] = []
    traits, context, options, properties = parts.traits, parts.context, parts.options, parts.properties
    if traits and isinstance(traits, dict):
        places.append(("/traits", traits))
    if context is not None and context.traits and isinstance(context.traits, dict):
        places.append(("/context/traits", context.traits))
    if options is not None and options.traits and isinstance(options.traits, dict):
        places.append(("/options/traits", options.traits))
    if properties and isinstance(properties, dict):
        held = properties.get("traits")
        if held and isinstance(held, dict):
            places.append(("/properties/traits", held))
        places.append(("/properties", properties))
    return places
