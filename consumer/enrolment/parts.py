"""The parts of an event that enrolment reads, and nothing else of it: most of an event is never made into objects."""

from __future__ import annotations

import msgspec

from consumer.enrolment.traits import Object, Place, inside


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


_DECODER = msgspec.json.Decoder(Parts)


def read_parts(value: bytes) -> Parts | None:
    """Return the parts of an event; None where `decode` has to read it: a part is of another type, or can't be read.

    A flaw in what is passed over (a character in another encoding, a number beyond a double's range) spoils nothing.
    """
    try:
        return _DECODER.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def places_of(parts: Parts) -> list[Place]:
    """Return the objects that may hold traits, in the order in which they count. Another type counts as absent."""
    places: list[Place] = []
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
