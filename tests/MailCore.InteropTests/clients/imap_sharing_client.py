"""Shares a mailbox between two users by imaplib and uses it: what the server answered, as JSON."""
import imaplib
import json
import ssl
import sys

port, owner, friend, password = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]


def login(user):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=context)
    client.login(user, password)
    return client


def said(answer):
    status, lines = answer
    return [status] + [line.decode() for line in lines if line is not None]


def attempt(call, *arguments):
    try:
        return said(call(*arguments))
    except imaplib.IMAP4.error as error:
        return ["error", str(error)]


one, two = login(owner), login(friend)
shared = f'"Other Users/{owner}/Work"'
names = one.capability()[1][0].decode().upper().split()
result = {"acl": "ACL" in names and "RIGHTS=TEXK" in names, "namespace": said(two.namespace())}
one.create("Work")
one.append("Work", "(\\Flagged)", None, b"Subject: shared\r\n\r\nfirst line\r\n.\r\n\xff\r\n")
result["before"] = attempt(two.status, shared, "(MESSAGES)")
result["setacl"] = said(one.setacl("Work", friend, "lrs"))
result["getacl"] = said(one.getacl("Work"))
result["myrights"] = said(two.myrights(shared))
result["list"] = said(two.list('""', '"Other Users/*"'))
result["getacl_of_friend"] = attempt(two.getacl, shared)
result["append_refused"] = attempt(two.append, shared, None, None, b"no\r\n")
result["select"] = said(two.select(shared))
result["octets"] = two.fetch("1", "(BODY[])")[1][0][1].decode("latin-1")
result["store_refused"] = attempt(two.store, "1", "-FLAGS", "(\\Flagged)")
result["copy"] = said(two.copy("1", "INBOX"))
result["expunge_refused"] = attempt(two.expunge)
result["setacl_more"] = said(one.setacl("Work", friend, "+wite"))
result["append"] = said(two.append(shared, "(\\Draft)", None, b"Subject: by a friend\r\n\r\nx\r\n"))
result["move"] = said(two.uid("MOVE", "1", "INBOX"))
result["subscribe"] = said(two.subscribe(shared))
result["lsub"] = said(two.lsub('""', '"*"'))
result["deleteacl"] = said(one.deleteacl("Work", friend))
result["after"] = attempt(two.noop)
print(json.dumps(result))
