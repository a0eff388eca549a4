"""The content of a file or of a message, changed at random: its bytes, its lines, or its values.

The same source of randomness gives the same change.
"""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

MOST_CHANGES = 4
INTERESTING = (
    b"\x00",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\x00\x00",
    b"\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x00\x00\x00\x00\x80",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\n",
    b'"',
)
HOSTILE_TEXTS = (
    "",
    "\x00",
    "\ud800",
    "\u202e",
    "a\nb",
    "../../x",
    "x" * 10_000,
    "1e999",
    "server-hello:",
    "0x",
)
HOSTILE_NUMBERS = (0, -1, 1, 255, 65_536, 2**31, 2**63, 2**64, 10**400, -0.5, 1e308, 5e-324)
HOSTILE_VALUES: tuple[Any, ...] = (*HOSTILE_TEXTS, *HOSTILE_NUMBERS, None, True, [], {}, [[]], {"": None})
HOSTILE_LITERALS = (
    '""',
    '"\\u0000"',
    "0",
    "-1",
    "0xffffffffffffffffff",
    "1e999",
    "nan",
    "true",
    "[]",
    "{}",
    "[[[]]]",
    "1979-05-27T07:32:00Z",
    '"""',
    "{a = 1}",
)

Mutate = Callable[[bytes, Random], bytes]


def with_other_bytes(data: bytes, random: Random) -> bytes:
    """Some bytes changed, left out, put in, repeated or moved."""
    changed = bytearray(data)
    for _ in range(random.randrange(1, MOST_CHANGES + 1)):
        start = random.randrange(len(changed) + 1)
        end = min(len(changed), start + random.choice((0, 1, 1, 2, 4, 16, 100)))
        match random.randrange(7):
            case 0:
                changed[start:end] = random.choice(INTERESTING)
            case 1 if start < len(changed):
                changed[start] ^= 1 << random.randrange(8)
            case 2:
                del changed[start:end]
            case 3:
                changed[start:start] = changed[start:end] * random.choice((1, 2, 50))
            case 4:
                changed[start:end] = random.randbytes(end - start)
            case 5:
                piece = changed[start:end]
                del changed[start:end]
                place = random.randrange(len(changed) + 1)
                changed[place:place] = piece
            case _:
                del changed[random.choice((start, end)) or 1 :]
    return bytes(changed)


def with_other_values(data: bytes, random: Random) -> bytes:
    """JSON in which some values or keys are others, missing or there twice; other bytes where it is none."""
    try:
        value = json.loads(data)
    except ValueError:
        return with_other_bytes(data, random)
    for _ in range(random.randrange(1, MOST_CHANGES + 1)):
        value = _other(value, random)
    return json.dumps(value).encode()


def _other(value: Any, random: Random) -> Any:
    """The value with a change somewhere in it."""
    if isinstance(value, dict) and value and random.random() < 0.9:
        key = random.choice(sorted(value))
        match random.randrange(12):
            case 0:
                return {name: each for name, each in value.items() if name != key}
            case 1:
                return {**value, random.choice(HOSTILE_TEXTS): value[key]}
            case 2:
                return {**value, key: value[random.choice(sorted(value))]}
        return {**value, key: _other(value[key], random)}
    if isinstance(value, list) and value and random.random() < 0.9:
        place = random.randrange(len(value))
        match random.randrange(8):
            case 0:
                return value[:place] + value[place + 1 :]
            case 1:
                return [*value, value[place]]
        return [*value[:place], _other(value[place], random), *value[place + 1 :]]
    if isinstance(value, str) and value and random.random() < 0.5:
        return _other_text(value, random)
    return random.choice(HOSTILE_VALUES)


def _other_text(text: str, random: Random) -> str:
    place = random.randrange(len(text))
    return (
        text[:place] + random.choice(("", "x", "\x00", "-", ":", text)) + text[place + random.randrange(2) :]
    )


def with_other_lines(data: bytes, random: Random) -> bytes:
    """Text of which some lines are missing, repeated, moved, or have another value behind their "="."""
    lines = data.split(b"\n")
    for _ in range(random.randrange(1, MOST_CHANGES + 1)):
        place = random.randrange(len(lines))
        match random.randrange(6):
            case 0:
                del lines[place]
                lines = lines or [b""]
            case 1:
                lines.insert(random.randrange(len(lines)), lines[place])
            case 2:
                lines.insert(random.randrange(len(lines)), lines.pop(place))
            case 3:
                lines[place] = with_other_bytes(lines[place], random)
            case _:
                key, equals, _ = lines[place].partition(b"=")
                lines[place] = key + equals + random.choice(HOSTILE_LITERALS).encode() if equals else key
    return b"\n".join(lines)


def any_of(*mutations: Mutate) -> Mutate:
    """One of them, chosen at random."""
    choices: Sequence[Mutate] = mutations
    return lambda data, random: random.choice(choices)(data, random)
