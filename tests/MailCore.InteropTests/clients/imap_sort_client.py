"""Sorts and threads by imaplib, and sorts the fetched headers by itself: both answers as JSON. Argument 4 is how many messages to append."""
import email
import email.utils
import imaplib
import json
import ssl
import sys

port, user, password, count = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
client = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=context)
client.login(user, password)
for i in range(1, count + 1):
    zone = "%+03d00" % (i * 5 % 23 - 11)
    references = "" if i % 4 == 1 else "References: <%d@x>\r\n" % (i - i % 4 + 1 if i % 4 else i - 3)
    client.append("INBOX", None, None, (
        "Message-ID: <%d@x>\r\nDate: %d Jan 2026 %02d:00:00 %s\r\nSubject: s%02d\r\n%s\r\nx\r\n" % (i, 1 + i * 7 % 3, i * 11 % 24, zone, i * 13 % 31, references)).encode())
client.select("INBOX")


def numbers(answer):
    return [int(number) for number in answer[1][0].split()]


headers = {}
for part in client.fetch("1:*", "(BODY.PEEK[HEADER])")[1]:
    if isinstance(part, tuple):
        headers[int(part[0].split()[0])] = email.message_from_bytes(part[1])
result = {
    "date": numbers(client.sort("(DATE)", "UTF-8", "ALL")),
    "own date": sorted(headers, key=lambda n: (email.utils.parsedate_to_datetime(headers[n]["Date"]).timestamp(), n)),
    "subject": numbers(client.sort("(REVERSE SUBJECT)", "UTF-8", "ALL")),
    "own subject": sorted(headers, key=lambda n: headers[n]["Subject"], reverse=True),
    "again": numbers(client.sort("(REVERSE DATE)", "UTF-8", "SUBJECT s0")),
    "own again": sorted((n for n in headers if "s0" in headers[n]["Subject"]), key=lambda n: (-email.utils.parsedate_to_datetime(headers[n]["Date"]).timestamp(), n)),
    "thread": client.thread("REFERENCES", "UTF-8", "ALL")[1][0].decode(),
    "refs": client.thread("REFS", "UTF-8", "ALL")[1][0].decode(),
}
groups = {}
for n in sorted(headers, key=lambda n: (email.utils.parsedate_to_datetime(headers[n]["Date"]).timestamp(), n)):
    root = headers[n]["References"] or headers[n]["Message-ID"]
    groups.setdefault(root, []).append(n)
by_id = {headers[n]["Message-ID"]: n for n in headers}


def thread(root):
    below = [n for n in groups[root] if n != by_id[root]]
    return "(%d%s)" % (by_id[root], "" if not below else " %d" % below[0] if len(below) == 1 else " " + "".join("(%d)" % n for n in below))


own = sorted(groups, key=lambda root: (email.utils.parsedate_to_datetime(headers[by_id[root]]["Date"]).timestamp(), by_id[root]))
result["own thread"] = "".join(thread(root) for root in own)
print(json.dumps(result))
