"""Drives Thunderbird without a screen: thunderbird_client.py PORT LMTP_PORT USER PASSWORD FOLDER

The account is set up by the profile's preferences; the password goes into its login manager. Thunderbird then synchronises, is told
of a new message in IDLE, flags, moves and deletes; what it shows is printed as JSON after each step.
"""
import json
import os
import re
import smtplib
import socket
import subprocess
import sys
import time

port, lmtp, user, password, folder = sys.argv[1:]
profile = os.path.join(folder, "profile")
os.makedirs(profile)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


marionette_port = free_port()
preferences = {
    "mail.accountmanager.accounts": "account1",
    "mail.accountmanager.defaultaccount": "account1",
    "mail.account.account1.server": "server1",
    "mail.account.account1.identities": "id1",
    "mail.identity.id1.useremail": user,
    "mail.identity.id1.fullName": "A user",
    "mail.identity.id1.valid": True,
    "mail.server.server1.type": "imap",
    "mail.server.server1.hostname": "127.0.0.1",
    "mail.server.server1.port": int(port),
    "mail.server.server1.userName": user,
    "mail.server.server1.name": user,
    "mail.server.server1.socketType": 3,
    "mail.server.server1.authMethod": 3,
    "mail.server.server1.use_idle": True,
    "mail.server.server1.login_at_startup": False,
    "mail.server.server1.check_new_mail": False,
    "mail.server.server1.offline_download": True,
    "mail.server.server1.delete_model": 2,
    "mail.server.server1.max_cached_connections": 3,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.spotlight.firstRunDone": True,
    "mail.winsearch.firstRunDone": True,
    "mail.shell.checkDefaultClient": False,
    "mailnews.start_page.enabled": False,
    "mail.rights.version": 1,
    "app.donation.eoy.version.viewed": 999,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "app.update.auto": False,
    "app.normandy.enabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "marionette.port": marionette_port,
}
with open(os.path.join(profile, "user.js"), "w") as file:
    for name, value in preferences.items():
        file.write(f'user_pref("{name}", {json.dumps(value)});\n')


class Marionette:
    """The remote protocol of Mozilla's programs: messages of JSON with their length before them."""

    def __init__(self, number):
        deadline = time.monotonic() + 90
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", number), 120)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        self.file = self.socket.makefile("rb")
        self.next = 0
        self.read()

    def read(self):
        digits = b""
        while (octet := self.file.read(1)) != b":":
            if not octet:
                sys.exit("Thunderbird closed")
            digits += octet
        return json.loads(self.file.read(int(digits)))

    def call(self, name, **parameters):
        self.next += 1
        message = json.dumps([0, self.next, name, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self.read()
        if error:
            sys.exit(f"{name}: {json.dumps(error)}")
        return result

    def run(self, script, *arguments):
        """Runs an asynchronous function with the helpers below in scope."""
        return self.call(
            "WebDriver:ExecuteAsyncScript",
            script="const done = arguments[arguments.length - 1]; (async (...args) => {" + HELPERS + script + "})(...arguments)"
            ".then(value => done({ value: value ?? null }), error => done({ error: String(error) + ' ' + (error?.stack ?? '') }));",
            args=list(arguments), scriptTimeout=60000)["value"]


HELPERS = """
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const server = MailServices.accounts.accounts[0].incomingServer;
const root = server.rootFolder;
const named = name => root.subFolders.find(folder => folder.name.toLowerCase() === name.toLowerCase());
const sleep = milliseconds => new Promise(resolve => { const { setTimeout } = ChromeUtils.importESModule("resource://gre/modules/Timer.sys.mjs"); setTimeout(resolve, milliseconds); });
const until = async (what, test) => { for (let i = 0; i < 500; i++) { const value = test(); if (value) return value; await sleep(100); } throw new Error("waited in vain for " + what); };
const listening = start => new Promise((resolve, reject) => start({
  QueryInterface: ChromeUtils.generateQI(["nsIUrlListener", "nsIMsgCopyServiceListener"]),
  OnStartRunningUrl() {}, OnStopRunningUrl(url, status) { status ? reject(new Error("status " + status.toString(16))) : resolve(); },
  onStartCopy() {}, onProgress() {}, setMessageKey() {}, getMessageId() { return null; }, onStopCopy(status) { status ? reject(new Error("status " + status.toString(16))) : resolve(); },
}));
const update = folder => listening(listener => folder.QueryInterface(Ci.nsIMsgImapMailFolder).updateFolderWithListener(null, listener));
const view = folder => [...folder.messages].map(m => ({ subject: m.mime2DecodedSubject, flagged: m.isFlagged, read: m.isRead, key: m.messageKey, offline: !!(m.flags & 0x80) })).sort((a, b) => a.key - b.key);
const find = (folder, subject) => [...folder.messages].find(m => m.mime2DecodedSubject === subject);
"""


def deliver(subject):
    with smtplib.LMTP("127.0.0.1", int(lmtp)) as client:
        client.sendmail("sender@example.com", [user], f"From: sender@example.com\r\nTo: {user}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@example.com>\r\n\r\nThis is {subject}.\r\n")


def wait_for_idle():
    deadline = time.monotonic() + 60
    while True:
        with open(os.path.join(folder, "mozilla.log.moz_log"), "rb") as log:
            if re.search(rb"SendData: \d+ IDLE", log.read()):
                return
        if time.monotonic() > deadline:
            sys.exit("Thunderbird does not use IDLE")
        time.sleep(0.1)


def say(step, what):
    print(json.dumps({step: what}), flush=True)


for subject in ("one", "two", "three"):
    deliver(subject)
thunderbird = subprocess.Popen(
    ["thunderbird", "--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", profile],
    env={**os.environ, "HOME": folder, "MOZ_HEADLESS": "1", "MOZ_LOG": "IMAP:5,sync", "MOZ_LOG_FILE": os.path.join(folder, "mozilla.log")},
    stdout=open(os.path.join(folder, "thunderbird.out"), "w"), stderr=subprocess.STDOUT)
try:
    remote = Marionette(marionette_port)
    say("version", remote.call("WebDriver:NewSession", acceptInsecureCerts=True)["capabilities"]["browserVersion"])
    remote.call("Marionette:SetContext", value="chrome")

    def run(step, script, *arguments):
        answer = remote.run(script, *arguments)
        if "error" in answer:
            sys.exit(f"{step}: {answer['error']}")
        say(step, answer["value"])
        return answer["value"]

    run("password", """
        const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
        login.init("imap://127.0.0.1", null, "imap://127.0.0.1", args[0], args[1], "", "");
        await Services.logins.addLoginAsync(login);
        return server.port;""", user, password)
    run("folders", """
        server.performExpand(null);
        await until("the folders", () => named("Inbox"));
        await listening(listener => root.createSubfolder("Work", null) || MailServices.imap && listener.OnStopRunningUrl(null, 0));
        await until("Work", () => named("Work"));
        return root.subFolders.map(folder => folder.name).sort();""")
    run("synchronised", """
        await update(named("Inbox"));
        await until("three messages", () => view(named("Inbox")).length === 3);
        await listening(listener => named("Inbox").downloadAllForOffline(listener, null));
        return view(named("Inbox"));""")
    # The folder stays selected; its log says when it waits.
    wait_for_idle()
    deliver("four")
    run("idle", """
        await until("the new message", () => find(named("Inbox"), "four"));
        return view(named("Inbox")).map(m => m.subject);""")
    run("flagged", """
        named("Inbox").markMessagesFlagged([find(named("Inbox"), "two")], true);
        named("Inbox").markMessagesRead([find(named("Inbox"), "two")], true);
        await update(named("Inbox"));
        return view(named("Inbox"));""")
    run("moved", """
        MailServices.copy.copyMessages(named("Inbox"), [find(named("Inbox"), "three")], named("Work"), true, null, null, false);
        await until("its going", () => !find(named("Inbox"), "three"));
        await update(named("Work"));
        await until("the moved message", () => find(named("Work"), "three"));
        return { Inbox: view(named("Inbox")).map(m => m.subject), Work: view(named("Work")).map(m => m.subject) };""")
    run("deleted", """
        named("Inbox").deleteMessages([find(named("Inbox"), "one")], null, true, false, null, false);
        await until("its going", () => !find(named("Inbox"), "one"));
        await listening(listener => named("Inbox").QueryInterface(Ci.nsIMsgImapMailFolder).expunge(listener, null));
        return view(named("Inbox")).map(m => m.subject);""")
    run("view", """
        return { Inbox: view(named("Inbox")), Work: view(named("Work")) };""")
    say("ended", True)
finally:
    thunderbird.terminate()
    try:
        thunderbird.wait(20)
    except subprocess.TimeoutExpired:
        thunderbird.kill()
