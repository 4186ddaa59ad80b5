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
}
