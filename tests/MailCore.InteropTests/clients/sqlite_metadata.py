"""Prints the annotations in a store's database: entry and value in hexadecimal."""
import sqlite3
import sys

with sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True) as database:
    for entry, value in database.execute("SELECT entry, value FROM metadata ORDER BY entry, value"):
        print(entry, value.hex().upper())
