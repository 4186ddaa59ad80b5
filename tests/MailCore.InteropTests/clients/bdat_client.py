"""Sends a file in chunks by smtplib: bdat_client.py PORT SENDER RECIPIENT FILE CHUNK [OPTION...]"""
import smtplib
import sys

port, sender, recipient, path, chunk, *options = sys.argv[1:]
with smtplib.SMTP("127.0.0.1", int(port), timeout=50) as smtp:
    smtp.ehlo()
    assert smtp.has_extn("chunking")
    assert smtp.mail(sender, options)[0] == 250
    assert smtp.rcpt(recipient)[0] == 250
    with open(path, "rb") as file:
        octets = file.read()
    size = int(chunk)
    for at in range(0, len(octets), size):
        piece = octets[at:at + size]
        last = " LAST" if at + size >= len(octets) else ""
        smtp.send(f"BDAT {len(piece)}{last}\r\n".encode() + piece)
        code, text = smtp.getreply()
        assert code == 250, (code, text)
    print(text.decode())
