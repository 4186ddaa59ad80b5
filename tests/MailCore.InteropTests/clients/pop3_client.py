"""Works on a mail drop by poplib: pop3_client.py PORT tls|stls USER PASSWORD COMMAND [ARGUMENT...]"""
import json
import poplib
import ssl
import sys

port, security, user, password, command, *arguments = sys.argv[1:]
poplib._MAXLINE = 10_000_000
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE

if security == "tls":
    pop3 = poplib.POP3_SSL("127.0.0.1", int(port), context=context, timeout=50)
else:
    pop3 = poplib.POP3("127.0.0.1", int(port), timeout=50)
    pop3.stls(context)


def fetch_all(folder):
    count, _ = pop3.stat()
    for number in range(1, count + 1):
        _, lines, _ = pop3.retr(number)
        with open(f"{folder}/{number}", "wb") as file:
            file.writelines(line + b"\r\n" for line in lines)
    print(count)


def tour():
    said = {"capabilities": sorted(pop3.capa())}
    said["stat"] = pop3.stat()
    said["list"] = [line.decode() for line in pop3.list()[1]]
    said["uidl"] = [line.decode() for line in pop3.uidl()[1]]
    said["top"] = [line.decode("utf-8", "replace") for line in pop3.top(2, 1)[1]][-3:]
    pop3.dele(1)
    said["after-dele"] = pop3.stat()
    pop3.rset()
    said["after-rset"] = pop3.stat()
    pop3.noop()
    pop3.dele(2)
    print(json.dumps(said))


pop3.user(user)
pop3.pass_(password)
{"fetch-all": fetch_all, "tour": tour}[command](*arguments)
pop3.quit()
