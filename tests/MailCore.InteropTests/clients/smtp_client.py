"""Sends a file by smtplib: smtp_client.py PORT plain|starttls|tls|lmtp USER:PASSWORD|- SENDER RECIPIENT FILE [OPTION...]"""
import smtplib
import ssl
import sys

port, security, login, sender, recipient, path, *options = sys.argv[1:]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE

if security == "tls":
    smtp = smtplib.SMTP_SSL("127.0.0.1", int(port), context=context, timeout=50)
elif security == "lmtp":
    # A number is a port, anything else the path of a Unix socket.
    smtp = smtplib.LMTP("127.0.0.1", int(port)) if port.isdigit() else smtplib.LMTP(port)
else:
    smtp = smtplib.SMTP("127.0.0.1", int(port), timeout=50)

with smtp:
    if security == "starttls":
        smtp.ehlo()
        smtp.starttls(context=context)
    if login != "-":
        user, _, password = login.partition(":")
        smtp.login(user, password)
    with open(path, "rb") as file:
        refused = smtp.sendmail(sender, recipient.split(","), file.read(), mail_options=options)
    for address, (code, text) in sorted(refused.items()):
        print(address, code, text.decode())
