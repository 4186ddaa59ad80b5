using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using MailCore.Messaging;

namespace MailCore.Delivery;

/// <summary>The fields that a delivery puts before a message (RFC 5321 4.4). Nothing in them comes from a client unchecked.</summary>
internal static class TraceHeader
{
    /// <summary>RFC 5322 3.3, in UTC.</summary>
    private const string DateFormat = "ddd, dd MMM yyyy HH:mm:ss '+0000'";

    /// <summary>Return-Path, Delivered-To and Received for one recipient, and the transaction's added fields; without a recipient, for a message as a whole.</summary>
    public static byte[] Build(MailTransaction transaction, EmailAddress? recipient) => Build(transaction, recipient, isFinal: true);

    /// <summary>Received, and the transaction's added fields: what goes before a message that travels on (RFC 5321 4.4 leaves Return-Path to the last server).</summary>
    public static byte[] BuildReceived(MailTransaction transaction) => Build(transaction, null, isFinal: false);

    private static byte[] Build(MailTransaction transaction, EmailAddress? recipient, bool isFinal)
    {
        var session = transaction.Session;
        var text = new DefaultInterpolatedStringHandler(0, 0, CultureInfo.InvariantCulture, stackalloc char[512]);
        if (isFinal)
        {
            text.AppendLiteral("Return-Path: <");
            text.AppendFormatted(transaction.Envelope.From);
            text.AppendLiteral(">\r\n");
        }

        if (recipient is not null)
        {
            text.AppendLiteral("Delivered-To: ");
            text.AppendFormatted(recipient);
            text.AppendLiteral("\r\n");
        }

        text.AppendLiteral("Received: ");
        if (session.ClientName is not null || session.RemoteEndPoint is IPEndPoint)
        {
            text.AppendLiteral("from ");
            text.AppendLiteral(session.ClientName ?? "unknown");
            AppendAddress(ref text, session.RemoteEndPoint);
            text.AppendLiteral("\r\n\t");
        }

        text.AppendLiteral("by ");
        text.AppendLiteral(session.ServerName);
        text.AppendLiteral(" with ");
        text.AppendLiteral(Protocol(transaction));
        text.AppendLiteral(" id ");
        text.AppendLiteral(transaction.QueueId);
        if (session.TlsDescription is { } tls)
        {
            text.AppendLiteral("\r\n\t(");
            text.AppendFormatted(tls);
            text.AppendLiteral(")");
        }

        // More than one would tell each recipient of the others.
        if (transaction.Envelope.Recipients is [var only])
        {
            text.AppendLiteral("\r\n\tfor <");
            text.AppendFormatted(only);
            text.AppendLiteral(">");
        }

        text.AppendLiteral(";\r\n\t");
        text.AppendFormatted(transaction.ReceivedAt.UtcDateTime, DateFormat);
        text.AppendLiteral("\r\n");
        var added = transaction.AddedFields.Span;
        var header = new byte[Encoding.UTF8.GetByteCount(text.Text) + added.Length];
        added.CopyTo(header.AsSpan(Encoding.UTF8.GetBytes(text.Text, header)));
        text.Clear();
        return header;
    }

    /// <summary>For a message that has no Date.</summary>
    public static byte[] DateField(MailTransaction transaction) => Encoding.ASCII.GetBytes($"Date: {FormatDate(transaction.ReceivedAt)}\r\n");

    /// <summary>For a message that has no Message-ID.</summary>
    public static byte[] MessageIdField(MailTransaction transaction) =>
        Encoding.UTF8.GetBytes($"Message-ID: <{transaction.QueueId}@{transaction.Session.ServerName}>\r\n");

    public static string FormatDate(DateTimeOffset date) => date.UtcDateTime.ToString(DateFormat, CultureInfo.InvariantCulture);

    /// <summary>RFC 6531 4.3: "UTF8" takes the place of the E.</summary>
    private static string Protocol(MailTransaction transaction)
    {
        var name = transaction.Session.Protocol;
        return !transaction.Envelope.SmtpUtf8 ? name
            : name.StartsWith("ESMTP", StringComparison.Ordinal) ? string.Concat("UTF8", name.AsSpan(1))
            : name.StartsWith("LMTP", StringComparison.Ordinal) ? "UTF8" + name
            : name;
    }

    private static void AppendAddress(ref DefaultInterpolatedStringHandler text, EndPoint? remote)
    {
        if (remote is not IPEndPoint { Address: var address })
        {
            return;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        var isSix = address.AddressFamily == AddressFamily.InterNetworkV6;
        // A zone is this machine's own affair.
        var written = isSix ? new IPAddress(address.GetAddressBytes()) : address;
        text.AppendLiteral(isSix ? " ([IPv6:" : " ([");
        text.AppendFormatted(written);
        text.AppendLiteral("])");
    }
}
