"""SCRAM, bound to the channel or not, over IMAP, SMTP or POP3: protocol port user password mechanism binding."""
import base64
import hashlib
import hmac
import imaplib
import os
import poplib
import smtplib
import ssl
import sys

protocol, port, user, password, mechanism, binding = sys.argv[1:]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
if binding == "tls-unique":
    context.maximum_version = ssl.TLSVersion.TLSv1_2


class Scram:
    def __init__(self, sock):
        self.hash = "sha256" if "256" in mechanism else "sha1"
        self.header = f"p={binding},," if binding != "-" else "n,,"
        if binding == "tls-unique":
            self.data = sock.get_channel_binding("tls-unique")
        elif binding == "tls-server-end-point":
            # The server's certificate is signed with SHA-256.
            self.data = hashlib.sha256(sock.getpeercert(binary_form=True)).digest()
        else:
            self.data = b""
        self.bare = f"n={user},r={base64.b64encode(os.urandom(12)).decode()}"
        self.signature = None
        self.proved = False

    def mac(self, key, text):
        return hmac.new(key, text, self.hash).digest()

    def first(self):
        return (self.header + self.bare).encode()

    def respond(self, challenge):
        text = challenge.decode()
        if not text:
            return self.first()
        if text.startswith("v="):
            self.proved = base64.b64decode(text[2:]) == self.signature
            return b""
        part = dict(item.split("=", 1) for item in text.split(","))
        salted = hashlib.pbkdf2_hmac(self.hash, password.encode(), base64.b64decode(part["s"]), int(part["i"]))
        key = self.mac(salted, b"Client Key")
        final = f"c={base64.b64encode(self.header.encode() + self.data).decode()},r={part['r']}"
        message = f"{self.bare},{text},{final}".encode()
        self.signature = self.mac(self.mac(salted, b"Server Key"), message)
        stored = hashlib.new(self.hash, key).digest()
        proof = bytes(a ^ b for a, b in zip(key, self.mac(stored, message)))
        return f"{final},p={base64.b64encode(proof).decode()}".encode()


if protocol == "imap":
    client = imaplib.IMAP4_SSL("127.0.0.1", int(port), ssl_context=context)
    scram = Scram(client.sock)
    client.authenticate(mechanism, scram.respond)
    print(client.select()[0])
    client.logout()
elif protocol == "smtp":
    client = smtplib.SMTP_SSL("127.0.0.1", int(port), context=context)
    client.ehlo()
    scram = Scram(client.sock)
    code, text = client.docmd("AUTH", f"{mechanism} {base64.b64encode(scram.first()).decode()}")
    while code == 334:
        code, text = client.docmd(base64.b64encode(scram.respond(base64.b64decode(text))).decode())
    if code != 235:
        sys.exit(f"{code} {text}")
    print("OK" if client.mail(user)[0] == 250 else "refused")
    client.quit()
else:
    client = poplib.POP3_SSL("127.0.0.1", int(port), context=context)
    scram = Scram(client.sock)
    line = client._shortcmd(f"AUTH {mechanism} {base64.b64encode(scram.first()).decode()}")
    while line.startswith(b"+ "):
        line = client._shortcmd(base64.b64encode(scram.respond(base64.b64decode(line[2:]))).decode())
    print("OK" if client.stat()[0] >= 0 else "refused")
    client.quit()
if not scram.proved:
    sys.exit("The server has not proved to know the password.")
