namespace MailCore.Tests.Mime;

internal static partial class ExpectedStructures
{
    /// <summary>Of the messages whose MIME is broken.</summary>
    public static IReadOnlyDictionary<string, ExpectedPart[]> Broken { get; } = new Dictionary<string, ExpectedPart[]>
    {
        ["broken-no-end-boundary"] =
        [
            new("", "multipart/mixed", null, null, 8),
            new("1", "text/plain", "Content-Type: text/plain\n\n", "one", 0),
            new("2", "text/plain", "Content-Type: text/plain\n\n", "two, and then nothing\n", 1),
        ],
        ["broken-no-boundary-parameter"] = [new("", "text/plain", null, "--x\nContent-Type: text/plain\n\none\n--x--\n", 5)],
        ["broken-boundary-never-used"] = [new("", "text/plain", null, "All of this is text.\n", 1)],
        ["broken-outer-boundary-ends-inner"] =
        [
            new("", "multipart/mixed", null, null, 14),
            new("1", "multipart/alternative", "Content-Type: multipart/alternative; boundary=inner\n\n", "--inner\nContent-Type: text/plain\n\none", 3),
            new("1.1", "text/plain", "Content-Type: text/plain\n\n", "one", 0),
            new("2", "text/plain", "Content-Type: text/plain\n\n", "two\n--inner\nstill two", 2),
        ],
        ["broken-boundary-in-header"] =
        [
            new("", "multipart/mixed", null, null, 10),
            new("1", "text/plain", "Content-Type: text/plain\n", "", 0),
            new("2", "text/plain", "", "", 0),
            new("3", "text/plain", "\n", "", 0),
            new("4", "message/rfc822", "Content-Type: message/rfc822\n\n", "Subject: no body\n", 1),
            new("4.r", "text/plain", "Subject: no body\n", "", 0),
        ],

        // The inner multipart is innermost where both match, so that all the delimiters are its own until it closes.
        ["broken-same-boundary-nested"] =
        [
            new("", "multipart/mixed", null, null, 13),
            new("1", "multipart/mixed", "Content-Type: multipart/mixed; boundary=same\n\n", "--same\nContent-Type: text/plain\n\none\n--same--", 4),
            new("1.1", "text/plain", "Content-Type: text/plain\n\n", "one", 0),
            new("2", "text/plain", "Content-Type: text/plain\n\n", "two", 0),
        ],
        ["broken-boundary-at-end"] =
        [
            new("", "multipart/mixed", null, "--e\nContent-Type: text/plain\n\none\n--e", 4),
            new("1", "text/plain", "Content-Type: text/plain\n\n", "one", 0),
            new("2", "text/plain", "", "", 0),
        ],
        ["broken-close-at-end"] =
        [
            new("", "multipart/mixed", null, "--e\nContent-Type: text/plain\n\none\n--e--", 4),
            new("1", "text/plain", "Content-Type: text/plain\n\n", "one", 0),
        ],
        ["broken-nul"] =
        [
            new("", "multipart/mixed", null, null, 9),
            new("1", "text/plain", "\n", "before\0after\n\0--n", 1),
            new("2", "text/plain", "Content-Type: text/plain\n\n", "two", 0),
        ],
        ["broken-bare-cr"] = [new("", "text/plain", "From: alice@example.org\rSubject: not a field\nSubject: a bare \r inside\n\n", "one\rtwo\n\rthree\n", 2)],
        ["broken-header-lines"] = [new("", "text/plain", null, "body\n", 1)],
        ["broken-content-type"] =
        [
            new("", "multipart/mixed", null, null, 23),
            new("1", "text/plain", "Content-Type: text\n\n", "type without subtype", 0),
            new("2", "text/plain", "Content-Type: ; charset=utf-8\n\n", "no type", 0),
            new("3", "application/pdf", null, "parameters of every kind", 0),
            new("4", "image/jpeg", null, "QUJD", 0),
            new("5", "text/plain", null, "more", 0),
        ],
    };

    /// <summary>Of the message with LF line ends; here LF stands for itself.</summary>
    public static ExpectedPart[] BareLineFeeds { get; } =
    [
        new("", "multipart/mixed", "From: alice@example.org\nSubject: line feeds only\nContent-Type: multipart/mixed; boundary=lf\n\n", null, 9),
        new("1", "text/plain", "Content-Type: text/plain\n\n", "one", 0),
        new("2", "text/plain", "Content-Type: text/plain\r\n\n", "mixed line ends", 0),
    ];
}
