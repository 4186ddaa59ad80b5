"""Asks for quotas, keeps metadata and listens by imaplib: what the server answered, as JSON. Argument 4 is a file that appears when mail has been delivered."""
import imaplib
import json
import ssl
import sys

port, user, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
for name in ("GETMETADATA", "SETMETADATA", "NOTIFY"):
    imaplib.Commands[name] = ("AUTH", "SELECTED")


def login():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=context)
    client.login(user, password)
    return client


def said(answer):
    status, lines = answer
    return [status] + [line.decode() if isinstance(line, bytes) else line for line in lines if line is not None]


def told(client, kind):
    return [line.decode() if isinstance(line, bytes) else line[0].decode() + line[1].decode("latin-1") for line in client.untagged_responses.pop(kind, [])]


one, two = login(), login()
names = one.capability()[1][0].decode().upper().split()
result = {"capabilities": [name for name in ("QUOTA", "QUOTA=RES-STORAGE", "QUOTASET", "METADATA", "NOTIFY", "CATENATE") if name in names]}
status, answer = one.getquotaroot("INBOX")
result["quotaroot"] = [line.decode() for part in answer for line in part]
result["getquota"] = said(one.getquota(user))
result["setquota"] = said(one.setquota(user, "(STORAGE 99999)"))
result["small"] = said(one.append("INBOX", None, None, b"Subject: small\r\n\r\nx\r\n"))
result["large"] = said(one.append("INBOX", None, None, b"Subject: large\r\n\r\n" + b"y" * 20000 + b"\r\n"))
result["setmetadata"] = said(one._simple_command("SETMETADATA", "INBOX", '(/private/comment "mine \\"quoted\\"" /shared/vendor/x NIL)'))
status, lines = one._simple_command("GETMETADATA", "INBOX", "(/private/comment /shared/vendor/x)")
result["getmetadata"] = [status] + told(one, "METADATA")
one.create("Work")
result["notify"] = said(two._simple_command("NOTIFY", "SET", "(selected (MessageNew (UID ENVELOPE) MessageExpunge FlagChange)) (personal (MailboxName MailboxMetadataChange))"))
two.select("INBOX")
two.untagged_responses.clear()
one.append("INBOX", None, None, b"Subject: told\r\n\r\nx\r\n")
# Without a command: what comes is read as it comes.
while "FETCH" not in two.untagged_responses:
    two._get_response()
result["told"] = told(two, "EXISTS") + told(two, "FETCH")
one.rename("Work", "Play")
while "LIST" not in two.untagged_responses:
    two._get_response()
result["renamed"] = told(two, "LIST")
one._simple_command("SETMETADATA", "Play", '(/private/comment "there")')
while "METADATA" not in two.untagged_responses:
    two._get_response()
result["metadata"] = told(two, "METADATA")
one.select("INBOX")
result["catenated"] = said(one._simple_command("APPEND", "Play", 'CATENATE (URL "/INBOX/;UID=1/;SECTION=HEADER" URL "/INBOX/;UID=2/;SECTION=TEXT")'))
print(json.dumps(result))
