"""Works on a mailbox by imaplib: imap_client.py PORT USER PASSWORD COMMAND [ARGUMENT...]"""
import imaplib
import json
import ssl
import sys

port, user, password, command, *arguments = sys.argv[1:]
imaplib._MAXLINE = 100_000_000
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def ok(answer):
    status, data = answer
    if status != "OK":
        sys.exit(f"{status} {data}")
    return data


def fetch_all(imap, folder):
    """Each message's octets into a file of its own: 1, 2, 3, ..."""
    count = int(ok(imap.select("INBOX", readonly=True))[0])
    for number in range(1, count + 1):
        data = ok(imap.fetch(str(number), "(BODY.PEEK[])"))
        with open(f"{folder}/{number}", "wb") as file:
            # What has no octets comes as a quoted string.
            file.write(data[0][1] if isinstance(data[0], tuple) else b"")
    print(count)


def append(imap, path, mailbox="INBOX"):
    with open(path, "rb") as file:
        # imaplib's own line-end repair would alter the message.
        imaplib.MapCRLF = __import__("re").compile(b"(?!)")
        ok(imap.append(mailbox, r"(\Flagged)", None, file.read()))


def tour(imap):
    """Mailboxes, flags, search, copy and expunge; what the server answers is printed."""
    said = {}
    ok(imap.create("Work"))
    ok(imap.subscribe("Work"))
    said["list"] = sorted(line.decode().split(' "/" ')[1].strip('"') for line in ok(imap.list()))
    said["lsub"] = sorted(line.decode().split(' "/" ')[1].strip('"') for line in ok(imap.lsub()))
    said["select"] = int(ok(imap.select("INBOX"))[0])
    said["search"] = ok(imap.search(None, "SUBJECT", '"second"'))[0].decode()
    ok(imap.store("2", "+FLAGS", r"(\Seen \Flagged)"))
    ok(imap.copy("2", "Work"))
    ok(imap.store("1", "+FLAGS", r"(\Deleted)"))
    said["expunged"] = [line.decode() for line in ok(imap.expunge())]
    said["uids"] = ok(imap.uid("SEARCH", "ALL"))[0].decode()
    said["status"] = ok(imap.status("Work", "(MESSAGES UNSEEN)"))[0].decode()
    ok(imap.rename("Work", "Done"))
    ok(imap.select("Done"))
    said["subject"] = ok(imap.fetch("1", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])"))[0][1].decode()
    ok(imap.close())
    ok(imap.delete("Done"))
    print(json.dumps(said))


with imaplib.IMAP4_SSL("127.0.0.1", int(port), ssl_context=context, timeout=50) as imap:
    imap.login(user, password)
    {"fetch-all": fetch_all, "append": append, "tour": tour}[command](imap, *arguments)
