namespace MailCore.Tests.Mime;

/// <summary>What one part of a corpus message must be; a null text is not compared. Written by hand, LF standing for CRLF.</summary>
internal sealed record ExpectedPart(string Path, string Type, string? Header, string? Body, long Lines);

/// <summary>The structure of each message of tests/corpus, written down from reading it.</summary>
internal static partial class ExpectedStructures
{
    public static IReadOnlyDictionary<string, ExpectedPart[]> ByName { get; } = new Dictionary<string, ExpectedPart[]>
    {
        ["plain"] =
        [
            new("", "text/plain", null, "Shall we meet at noon?\n\nThe place on the corner has a table for six.\n-- \nAlice\n", 5),
        ],
        ["empty"] = [new("", "text/plain", "", "", 0)],
        ["only-crlf"] = [new("", "text/plain", "\n", "", 0)],
        ["no-header"] = [new("", "text/plain", "\n", "This message has no header at all.\nIts first line is empty.\n", 2)],
        ["headers-only"] = [new("", "text/plain", "From: alice@example.org\nTo: bob@example.net\nSubject: no empty line follows\n", "", 0)],
        ["headers-only-unterminated"] = [new("", "text/plain", "From: alice@example.org\nSubject: the last line has no end", "", 0)],
        ["headers-and-empty-line"] = [new("", "text/plain", "From: alice@example.org\nSubject: nothing follows\n\n", "", 0)],
        ["no-final-crlf"] =
        [
            new("", "text/plain", "From: alice@example.org\nSubject: the body ends in mid-line\n\n", "first line\nsecond line", 1),
        ],
        ["dots"] = [new("", "text/plain", null, ".\n..\n...three\n.one\n .not at the start\nends with a dot.\n.\n", 7)],
        ["html-only"] = [new("", "text/html", null, null, 7)],
        ["quoted-printable"] =
        [
            new("", "text/plain", null, "Gr=FC=DFe, ein langer Satz, der =\nweitergeht. 1=3D1   =20\nEnde.\n", 3),
        ],
        ["eight-bit"] = [new("", "text/plain", null, null, 2)],
        ["smtputf8"] = [new("", "text/plain", null, null, 1)],
        ["encoded-words"] = [new("", "text/plain", null, "Encoded words in the header.\n", 1)],
        ["groups-and-routes"] = [new("", "text/plain", null, "Addresses of every kind.\n", 1)],
        ["folding"] = [new("", "text/html", null, "<p>Folded headers.</p>\n", 1)],
        ["duplicate-headers"] = [new("", "text/plain", null, "Twice.\n", 1)],
        ["multipart-alternative"] =
        [
            new("", "multipart/alternative", null, "--alt-1\nContent-Type: text/plain; charset=utf-8\n\nThe plain form.\n--alt-1\nContent-Type: text/html; charset=utf-8\n\n<p>The rich form.</p>\n\n--alt-1--\n", 10),
            new("1", "text/plain", "Content-Type: text/plain; charset=utf-8\n\n", "The plain form.", 0),
            new("2", "text/html", "Content-Type: text/html; charset=utf-8\n\n", "<p>The rich form.</p>\n", 1),
        ],
        ["multipart-mixed-attachment"] =
        [
            new("", "multipart/mixed", null, null, 26),
            new("1", "text/plain", "Content-Type: text/plain; charset=us-ascii\n\n", "See the attachment.\n", 1),
            new("2", "application/octet-stream", null, null, 4),
        ],
        ["multipart-nested-five"] =
        [
            new("", "multipart/mixed", null, null, 46),
            new("1", "text/plain", "Content-Type: text/plain\n\n", "text 1", 0),
            new("2", "multipart/mixed", "Content-Type: multipart/mixed; boundary=level-2\n\n", null, 37),
            new("2.1", "text/plain", "Content-Type: text/plain\n\n", "text 2", 0),
            new("2.2", "multipart/mixed", "Content-Type: multipart/mixed; boundary=level-3\n\n", null, 28),
            new("2.2.1", "text/plain", "Content-Type: text/plain\n\n", "text 3", 0),
            new("2.2.2", "multipart/mixed", "Content-Type: multipart/mixed; boundary=level-4\n\n", null, 19),
            new("2.2.2.1", "text/plain", "Content-Type: text/plain\n\n", "text 4", 0),
            new("2.2.2.2", "multipart/mixed", "Content-Type: multipart/mixed; boundary=level-5\n\n",
                "--level-5\nContent-Type: text/plain\n\ntext 5\n--level-5\nContent-Type: text/plain\n\nbottom, level 5\n\n--level-5--\n", 10),
            new("2.2.2.2.1", "text/plain", "Content-Type: text/plain\n\n", "text 5", 0),
            new("2.2.2.2.2", "text/plain", "Content-Type: text/plain\n\n", "bottom, level 5\n", 1),
        ],
        ["message-in-multipart"] =
        [
            new("", "multipart/mixed", null, null, 37),
            new("1", "text/plain", "\n", "Forwarded as you asked.", 0),
            new("2", "message/rfc822", "Content-Type: message/rfc822\nContent-Description: forwarded message\n\n", null, 21),
            new("2.r", "multipart/mixed", "Date: Mon, 3 Mar 2025 08:00:00 +0000\nFrom: Carol <carol@example.com>\nSender: secretary@example.com\nReply-To: minutes@example.com\n"
                + "To: alice@example.org\nSubject: the minutes\nMessage-ID: <minutes.1@example.com>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=inner\n\n",
                "--inner\nContent-Type: text/plain\n\nMinutes of the meeting.\n--inner\nContent-Type: image/png; name=chart.png\nContent-Transfer-Encoding: base64\n"
                + "Content-Disposition: inline; filename=chart.png\n\niVBORw0KGgo=\n--inner--\n", 11),
            new("2.r.1", "text/plain", "Content-Type: text/plain\n\n", "Minutes of the meeting.", 0),
            new("2.r.2", "image/png", null, "iVBORw0KGgo=", 0),
            new("3", "message/rfc822", "Content-Type: message/rfc822\n\n", "Subject: a plain one\nFrom: dan@example.com\n\nOnly text.", 3),
            new("3.r", "text/plain", "Subject: a plain one\nFrom: dan@example.com\n\n", "Only text.", 0),
        ],
        ["message-at-root"] =
        [
            new("", "message/rfc822", null, "From: alice@example.org\nSubject: inside\n\nThe inner body.\n", 4),
            new("r", "text/plain", "From: alice@example.org\nSubject: inside\n\n", "The inner body.\n", 1),
        ],
        ["message-global"] =
        [
            new("", "multipart/mixed", null, null, 9),
            new("1", "message/global", "Content-Type: message/global\nContent-Transfer-Encoding: 8bit\n\n", null, 3),
            new("1.r", "text/plain", null, "Text.", 0),
        ],
        ["digest"] =
        [
            new("", "multipart/digest", null, null, 17),
            new("1", "message/rfc822", "\n", "From: a@example.org\nSubject: first\n\none", 3),
            new("1.r", "text/plain", "From: a@example.org\nSubject: first\n\n", "one", 0),
            new("2", "message/rfc822", "\n", "From: b@example.org\nSubject: second\n\ntwo", 3),
            new("2.r", "text/plain", "From: b@example.org\nSubject: second\n\n", "two", 0),
            new("3", "text/plain", "Content-Type: text/plain\n\n", "not a message", 0),
        ],
        ["preamble-and-epilogue"] =
        [
            new("", "multipart/mixed", null, null, 13),
            new("1", "text/plain", "Content-Type: text/plain\n\n", "part one, with --b b in mid-line\n --b b\n--b", 2),
        ],
        ["boundary-is-prefix"] =
        [
            new("", "multipart/mixed", null, null, 17),
            new("1", "multipart/alternative", "Content-Type: multipart/alternative; boundary=abcd\n\n",
                "--abcd\nContent-Type: text/plain\n\none\n--abcd\nContent-Type: text/html\n\ntwo\n--abcd--", 8),
            new("1.1", "text/plain", "Content-Type: text/plain\n\n", "one", 0),
            new("1.2", "text/html", "Content-Type: text/html\n\n", "two", 0),
            new("2", "text/plain", "Content-Type: text/plain\n\n", "three", 0),
        ],
        ["signed"] =
        [
            new("", "multipart/signed", null, null, 14),
            new("1", "text/plain", "Content-Type: text/plain; charset=us-ascii\n\n", "Signed text with trailing blanks.  \n", 1),
            new("2", "application/pgp-signature", null, "-----BEGIN PGP SIGNATURE-----\n\naGVsbG8=\n-----END PGP SIGNATURE-----", 3),
        ],
        ["delivery-report"] =
        [
            new("", "multipart/report", null, null, 22),
            new("1", "text/plain", null, "It could not be delivered.\n", 1),
            new("2", "message/delivery-status", "Content-Type: message/delivery-status\n\n",
                "Reporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; nobody@example.net\nAction: failed\nStatus: 5.1.1\n", 5),
            new("3", "text/rfc822-headers", "Content-Type: text/rfc822-headers\n\n", "From: alice@example.org\nTo: nobody@example.net\nSubject: hello\n", 3),
        ],
    };
}
