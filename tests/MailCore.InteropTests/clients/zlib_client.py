"""Speaks COMPRESS=DEFLATE by zlib alone, without an IMAP library: zlib_client.py PORT USER PASSWORD

Each reply must be whole in what has come, before anything else is sent. Prints JSON.
"""
import json
import socket
import ssl
import sys
import zlib

port, user, password = sys.argv[1:]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
connection = context.wrap_socket(socket.create_connection(("127.0.0.1", int(port)), 30))
buffer = b""
inflate = None
deflate = zlib.compressobj(9, zlib.DEFLATED, -15)


def read_line():
    global buffer
    while b"\r\n" not in buffer:
        octets = connection.recv(65536)
        if not octets:
            sys.exit("closed")
        buffer += inflate.decompress(octets) if inflate else octets
    line, buffer = buffer.split(b"\r\n", 1)
    return line.decode("latin-1")


def read_to(tag):
    lines = [read_line()]
    while not lines[-1].startswith(tag + " "):
        lines.append(read_line())
    return lines


def send(text, flush=zlib.Z_SYNC_FLUSH):
    connection.sendall(deflate.compress(text) + deflate.flush(flush) if inflate else text)


said = {}
read_line()
send(f'a LOGIN "{user}" "{password}"\r\n'.encode())
said["announced"] = "COMPRESS=DEFLATE" in read_to("a")[-1]
send(b"b COMPRESS DEFLATE\r\n")
said["compress"] = read_to("b")[-1]
inflate = zlib.decompressobj(-15)
# One at a time, with both kinds of flush that zlib has.
for number, flush in enumerate([zlib.Z_SYNC_FLUSH, zlib.Z_PARTIAL_FLUSH, zlib.Z_FULL_FLUSH] * 3):
    send(b"c%d NOOP\r\n" % number, flush)
    read_to(f"c{number}")
# In a pipeline, in one write and octet by octet.
send(b"".join(b"d%d NOOP\r\n" % number for number in range(200)))
for number in range(200):
    read_to(f"d{number}")
packed = deflate.compress(b"e CAPABILITY\r\n") + deflate.flush(zlib.Z_SYNC_FLUSH)
for octet in packed:
    connection.sendall(bytes([octet]))
said["again"] = "COMPRESS" in read_to("e")[0]
# A large literal each way.
message = b"Subject: large\r\n\r\n" + bytes(range(1, 256)) * 4000 + b"\r\n"
send(b"f APPEND INBOX {%d+}\r\n%s\r\n" % (len(message), message))
said["append"] = read_to("f")[-1].split()[1]
send(b"g SELECT INBOX\r\n")
read_to("g")
send(b"h FETCH 1 BODY.PEEK[]\r\n")
size = int(read_line().split("{")[1][:-1])
while len(buffer) < size:
    buffer += inflate.decompress(connection.recv(65536))
said["same"] = buffer[:size] == message
buffer = buffer[size:]
read_to("h")
# Told in IDLE without anything being sent.
send(b"i IDLE\r\n")
said["idle"] = read_line()
print("idle", flush=True)
said["pushed"] = read_line()
read_line()
send(b"DONE\r\n")
read_to("i")
send(b"j LOGOUT\r\n")
said["logout"] = read_to("j")[-1].split()[1]
print(json.dumps(said))
