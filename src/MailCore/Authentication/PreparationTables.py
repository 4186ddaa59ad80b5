#!/usr/bin/env python3
"""Writes PreparationTables.bin beside itself, from Python's own copies of Unicode 3.2 and of RFC 3454's tables."""
import os
import stringprep as tables
import unicodedata
import zlib

unicode = unicodedata.ucd_3_2_0
points = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF and not 0xAC00 <= c <= 0xD7A3]
out = bytearray()


def number(value):
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def mapping(entries, write):
    number(len(entries))
    last = 0
    for key in sorted(entries):
        number(key - last)
        last = key
        write(entries[key])


def text(value):
    number(len(value))
    for char in value:
        number(ord(char))


def ranges(*members):
    found = []
    for c in range(0x110000):
        if any(member(chr(c)) for member in members):
            if found and found[-1][1] == c - 1:
                found[-1][1] = c
            else:
                found.append([c, c])
    number(len(found))
    last = 0
    for start, end in found:
        number(start - last)
        number(end - start)
        last = end


mapping({c: unicode.normalize("NFKD", chr(c)) for c in points if unicode.normalize("NFKD", chr(c)) != chr(c)}, text)
mapping({c: unicode.combining(chr(c)) for c in points if unicode.combining(chr(c))}, number)
pairs = []
for c in points:
    parts = unicode.decomposition(chr(c))
    if parts and not parts.startswith("<") and len(parts.split()) == 2 and unicode.normalize("NFC", chr(c)) == chr(c):
        pairs.append([int(part, 16) for part in parts.split()] + [c])
number(len(pairs))
for pair in pairs:
    for value in pair:
        number(value)
ranges(tables.in_table_b1)
ranges(tables.in_table_c12)
ranges(tables.in_table_c12, tables.in_table_c21_c22, tables.in_table_c3, tables.in_table_c4, tables.in_table_c5,
       tables.in_table_c6, tables.in_table_c7, tables.in_table_c8, tables.in_table_c9)
ranges(tables.in_table_d1)
ranges(tables.in_table_d2)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "PreparationTables.bin"), "wb") as file:
    file.write(zlib.compress(bytes(out), 9))
