using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MailCore.Messaging;

namespace MailCore.Delivery;

/// <summary>The fields that a delivery puts before a message (RFC 5321 4.4). Nothing in them comes from a client unchecked.</summary>
internal static class TraceHeader
{
    // RFC 5322 3.3, in UTC.
    private const string DateFormat = "ddd, dd MMM yyyy HH:mm:ss '+0000'";

    // Three addresses and two names at their longest, in UTF-8, fit with room to spare.
    private const int MaxLength = 4 * 1024;

    /// <summary>Return-Path, Delivered-To and Received for one recipient; without one, for a message as a whole.</summary>
    public static byte[] Build(MailTransaction transaction, EmailAddress? recipient)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(MaxLength);
        try
        {
            return buffer.AsSpan(0, Write(transaction, recipient, buffer)).ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>For a message that has no Date.</summary>
    public static byte[] DateField(MailTransaction transaction) =>
        Encoding.ASCII.GetBytes($"Date: {transaction.ReceivedAt.UtcDateTime.ToString(DateFormat, CultureInfo.InvariantCulture)}\r\n");

    /// <summary>For a message that has no Message-ID.</summary>
    public static byte[] MessageIdField(MailTransaction transaction) =>
        Encoding.UTF8.GetBytes($"Message-ID: <{transaction.QueueId}@{transaction.Session.ServerName}>\r\n");

    private static int Write(MailTransaction transaction, EmailAddress? recipient, Span<byte> to)
    {
        var session = transaction.Session;
        var text = new Utf8Text(to);
        text.Add("Return-Path: <"u8);
        text.Add(transaction.Envelope.From.ToString());
        text.Add(">\r\n"u8);
        if (recipient is not null)
        {
            text.Add("Delivered-To: "u8);
            text.Add(recipient.ToString());
            text.Add("\r\n"u8);
        }

        text.Add("Received: "u8);
        if (session.ClientName is not null || session.RemoteEndPoint is IPEndPoint)
        {
            text.Add("from "u8);
            text.Add(session.ClientName ?? "unknown");
            AddClientAddress(ref text, session.RemoteEndPoint);
            text.Add("\r\n\t"u8);
        }

        text.Add("by "u8);
        text.Add(session.ServerName);
        text.Add(" with "u8);
        text.Add(Protocol(transaction));
        text.Add(" id "u8);
        text.Add(transaction.QueueId);
        if (session.TlsDescription is { } tls)
        {
            text.Add("\r\n\t("u8);
            text.Add(tls);
            text.Add(")"u8);
        }

        // More than one would tell each recipient of the others.
        if (transaction.Envelope.Recipients is [var only])
        {
            text.Add("\r\n\tfor <"u8);
            text.Add(only.Address.ToString());
            text.Add(">"u8);
        }

        text.Add(";\r\n\t"u8);
        text.Add(transaction.ReceivedAt.UtcDateTime, DateFormat);
        text.Add("\r\n"u8);
        return text.Length;
    }

    /// <summary>RFC 6531 4.3: "UTF8" takes the place of the E.</summary>
    private static string Protocol(MailTransaction transaction)
    {
        var name = transaction.Session.Protocol;
        return !transaction.Envelope.SmtpUtf8 ? name
            : name.StartsWith("ESMTP", StringComparison.Ordinal) ? string.Concat("UTF8", name.AsSpan(1))
            : name.StartsWith("LMTP", StringComparison.Ordinal) ? "UTF8" + name
            : name;
    }

    private static void AddClientAddress(ref Utf8Text text, EndPoint? remote)
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
        text.Add(isSix ? " ([IPv6:"u8 : " (["u8);
        // A zone is this machine's own affair.
        text.Add(isSix && address.ScopeId != 0 ? new IPAddress(address.GetAddressBytes()) : address);
        text.Add("])"u8);
    }

    /// <summary>Text written one piece behind the other.</summary>
    private ref struct Utf8Text(Span<byte> to)
    {
        private readonly Span<byte> _to = to;

        public int Length { get; private set; }

        public void Add(ReadOnlySpan<byte> octets)
        {
            octets.CopyTo(_to[Length..]);
            Length += octets.Length;
        }

        public void Add(string text) => Length += Encoding.UTF8.GetBytes(text, _to[Length..]);

        public void Add<T>(T value, string? format = null)
            where T : IUtf8SpanFormattable =>
            Length += value.TryFormat(_to[Length..], out var written, format, CultureInfo.InvariantCulture) ? written : throw new FormatException("The trace is too long.");
    }
}
