#!/usr/bin/env python3
"""Writes UnicodeCasemap.bin beside itself, from Python's own copy of Unicode: what i;unicode-casemap (RFC 5051) makes of a code point,
where that is not the code point itself. Hangul syllables are reckoned, not listed."""
import os
import unicodedata
import zlib

out = bytearray()


def number(value):
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def prepared(char):
    # More than one character is a special casing, and not in UnicodeData.txt.
    title = char.title()
    return unicodedata.normalize("NFKD", title if len(title) == 1 else char)


points = [c for c in range(0x80, 0x110000) if not 0xD800 <= c <= 0xDFFF and not 0xAC00 <= c <= 0xD7A3]
entries = {c: prepared(chr(c)) for c in points if prepared(chr(c)) != chr(c)}
number(len(entries))
last = 0
for c, text in entries.items():
    number(c - last)
    last = c
    number(len(text))
    for char in text:
        # Most are near by.
        distance = ord(char) - c
        number(distance * 2 if distance >= 0 else -distance * 2 - 1)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "UnicodeCasemap.bin"), "wb") as file:
    file.write(zlib.compress(bytes(out), 9))
