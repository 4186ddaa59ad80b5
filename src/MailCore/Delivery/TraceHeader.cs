using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MailCore.Messaging;

namespace MailCore.Delivery;

/// <summary>The fields that a delivery puts before a message (RFC 5321 4.4). Nothing in them comes from a client unchecked.</summary>
internal static class TraceHeader
{
    /// <summary>Return-Path, Delivered-To and Received for one recipient; without one, for a message as a whole.</summary>
    public static byte[] Build(MailTransaction transaction, EmailAddress? recipient)
    {
        var session = transaction.Session;
        var text = new StringBuilder(384);
        text.Append("Return-Path: <").Append(transaction.Envelope.From).Append(">\r\n");
        if (recipient is not null)
        {
            text.Append("Delivered-To: ").Append(recipient).Append("\r\n");
        }

        text.Append("Received: ");
        if (session.ClientName is not null || session.RemoteEndPoint is IPEndPoint)
        {
            text.Append("from ").Append(session.ClientName ?? "unknown");
            AppendAddress(text, session.RemoteEndPoint);
            text.Append("\r\n\t");
        }

        text.Append("by ").Append(session.ServerName).Append(" with ").Append(Protocol(transaction)).Append(" id ").Append(transaction.QueueId);
        if (session.TlsDescription is { } tls)
        {
            text.Append("\r\n\t(").Append(tls).Append(')');
        }

        // More than one would tell each recipient of the others.
        if (transaction.Envelope.Recipients is [var only])
        {
            text.Append("\r\n\tfor <").Append(only).Append('>');
        }

        text.Append(";\r\n\t").Append(FormatDate(transaction.ReceivedAt)).Append("\r\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>For a message that has no Date.</summary>
    public static byte[] DateField(MailTransaction transaction) => Encoding.ASCII.GetBytes($"Date: {FormatDate(transaction.ReceivedAt)}\r\n");

    /// <summary>For a message that has no Message-ID.</summary>
    public static byte[] MessageIdField(MailTransaction transaction) =>
        Encoding.UTF8.GetBytes($"Message-ID: <{transaction.QueueId}@{transaction.Session.ServerName}>\r\n");

    /// <summary>RFC 5322 3.3, in UTC.</summary>
    private static string FormatDate(DateTimeOffset date) =>
        date.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture);

    /// <summary>RFC 6531 4.3: "UTF8" takes the place of the E.</summary>
    private static string Protocol(MailTransaction transaction)
    {
        var name = transaction.Session.Protocol;
        return !transaction.Envelope.SmtpUtf8 ? name
            : name.StartsWith("ESMTP", StringComparison.Ordinal) ? string.Concat("UTF8", name.AsSpan(1))
            : name.StartsWith("LMTP", StringComparison.Ordinal) ? "UTF8" + name
            : name;
    }

    private static void AppendAddress(StringBuilder text, EndPoint? remote)
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
        var written = (isSix ? new IPAddress(address.GetAddressBytes()) : address).ToString();
        text.Append(" ([").Append(isSix ? "IPv6:" : "").Append(written).Append("])");
    }
}
