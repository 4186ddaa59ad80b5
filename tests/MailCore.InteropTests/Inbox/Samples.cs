namespace MailCore.InteropTests.Inbox;

/// <summary>Messages to look at.</summary>
internal static class Samples
{
    private const string Pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    /// <summary>Has something for every tab.</summary>
    public static string Everything { get; } =
        "From: =?utf-8?Q?J=C3=BCrgen?= <j@there.example>\r\nTo: Alice <alice@example.org>\r\nCc: carol@there.example\r\n" +
        "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe_&_<b>more</b>?=\r\nDate: Thu, 26 Nov 2026 10:00:00 +0100\r\nX-Odd:  two  spaces\r\nMIME-Version: 1.0\r\n" +
        "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n" +
        "--a\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nHello in plain text, gr=FC=DFe: https://shop.example/plain.\r\n" +
        "--a\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<h1>Hello in HTML</h1><img src=\"cid:pic@x\"><a href=\"https://shop.example/confirm?token=1\">Confirm</a><a href=\"javascript:alert(1)\">no</a>\r\n--a--\r\n" +
        $"--r\r\nContent-Type: image/png\r\nContent-ID: <pic@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n{Pixel}\r\n--r--\r\n" +
        "--m\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=\"notes <1>.txt\"\r\n\r\nthe notes\r\n--m--\r\n";

    /// <summary>For the picture of the docs; the last is the newest.</summary>
    public static IReadOnlyList<string> Demonstration { get; } =
    [
        Plain("Build server <ci@build.example>", "main: build 4711 passed", "All 1,204 tests passed in 3 min 12 s."),
        Plain("Carol Jones <carol@partner.example>", "Re: lunch on Friday?", "Gladly. Half past twelve at the usual place?"),
        Plain("Example Shop <shop@shop.example>", "Your invoice 2026-1107", "Thank you for your order. The invoice is attached.", "invoice-2026-1107.pdf"),
        Plain("Tickets <tickets@shop.example>", "[#4711] The printer is on fire", "Priority: high. Opened by Bob, who has left the room."),
        Plain("Example Shop <shop@shop.example>", "Welcome to the Example Shop", "Good to have you here, Alice."),
        "From: Example Shop <shop@shop.example>\r\nTo: Alice Smith <alice@example.org>\r\nSubject: Confirm your address\r\nDate: Fri, 27 Nov 2026 09:12:00 +0000\r\nMIME-Version: 1.0\r\n" +
        "Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nWelcome, Alice! Please confirm your address: https://shop.example/confirm?token=5f0c2a\r\n" +
        "--a\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<body style=\"margin:0;background:#f3efe8;font-family:sans-serif;color:#222\">" +
        "<div style=\"max-width:520px;margin:28px auto;background:#fff;border-radius:12px;padding:32px 36px\"><p style=\"margin:0;color:#0b7a5b;font-weight:bold\">Example Shop</p>" +
        "<h1 style=\"font-size:26px;margin:14px 0 10px\">Welcome, Alice!</h1><p style=\"line-height:1.5\">One more step: tell us that this address is yours, and your account is ready.</p>" +
        "<p style=\"margin:26px 0\"><a href=\"https://shop.example/confirm?token=5f0c2a\" style=\"background:#0b7a5b;color:#fff;padding:13px 22px;border-radius:8px;text-decoration:none\">Confirm my address</a></p>" +
        "<p style=\"color:#777;font-size:13px;line-height:1.5\">If you did not sign up, ignore this message. <a href=\"https://shop.example/help\" style=\"color:#777\">Help</a></p></div>\r\n--a--\r\n",
    ];

    private static string Plain(string from, string subject, string text, string? file = null) =>
        $"From: {from}\r\nTo: Alice Smith <alice@example.org>\r\nSubject: {subject}\r\nDate: Fri, 27 Nov 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\n" +
        (file is null
            ? $"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
            : $"Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--m\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename={file}\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--m--\r\n");
}
