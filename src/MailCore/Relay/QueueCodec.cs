using System.Net;
using System.Text;
using MailCore.Messaging;

namespace MailCore.Relay;

/// <summary>Octets for queues that keep messages in rows. What one version wrote, later ones read.</summary>
public static class QueueCodec
{
    private const byte Version = 1;

    /// <summary>Everything of an entry but its id, its times, its lane and its recipients, for which there are columns.</summary>
    public static byte[] EncodeEntry(QueueEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        using var octets = new MemoryStream(256);
        using var writer = new BinaryWriter(octets, Encoding.UTF8);
        var (session, envelope) = (entry.Session, entry.Envelope);
        writer.Write(Version);
        writer.Write(session.ConnectionId);
        writer.Write(session.Protocol);
        writer.Write(session.ServerName);
        Write(writer, session.ClientName);
        Write(writer, (session.RemoteEndPoint as IPEndPoint)?.ToString());
        Write(writer, session.TlsDescription);
        Write(writer, session.AuthenticatedUser);
        Write(writer, session.AuthenticatedAccount);
        Write(writer, session.ClientHostName);
        writer.Write(session.IsLocal);
        writer.Write(session.IsTrustedNetwork);
        Write(writer, envelope.From.Address?.ToString());
        writer.Write((byte)envelope.Body);
        writer.Write(envelope.SmtpUtf8);
        writer.Write(envelope.DeclaredSize ?? -1);
        Write(writer, envelope.AuthParameter);
        writer.Write((byte)envelope.Return);
        Write(writer, envelope.EnvelopeId);
        writer.Write(envelope.RequireTls);
        Write(writer, envelope.HoldUntil);
        Write(writer, envelope.DeliverBy?.Deadline);
        writer.Write((byte)(envelope.DeliverBy?.Action ?? default));
        writer.Write(envelope.DeliverBy?.IsTraced ?? false);
        writer.Write((sbyte)envelope.Priority);
        Write(writer, envelope.Parameters);
        Write(writer, entry.QuarantineReason);
        writer.Write7BitEncodedInt(entry.AddedFields.Length);
        writer.Write(entry.AddedFields.Span);
        Write(writer, entry.TraceParent);
        writer.Write(entry.IsTlsNotRequired);
        writer.Flush();
        return octets.ToArray();
    }

    /// <summary>The reverse. The columns are given.</summary>
    /// <exception cref="InvalidDataException">These are no such octets.</exception>
    public static QueueEntry DecodeEntry(ReadOnlySpan<byte> octets, string queueId, DateTimeOffset acceptedAt, QueueLane lane) => Read(octets, reader =>
    {
        var session = new MailSessionInfo
        {
            ConnectionId = reader.ReadString(),
            Protocol = reader.ReadString(),
            ServerName = reader.ReadString(),
            ClientName = Text(reader),
            RemoteEndPoint = Text(reader) is { } remote ? IPEndPoint.Parse(remote) : null,
            TlsDescription = Text(reader),
            AuthenticatedUser = Text(reader),
            AuthenticatedAccount = Text(reader),
            ClientHostName = Text(reader),
            IsLocal = reader.ReadBoolean(),
            IsTrustedNetwork = reader.ReadBoolean(),
        };
        var envelope = ReadEnvelope(reader);
        var reason = Text(reader);
        var length = reader.Read7BitEncodedInt();
        var fields = reader.ReadBytes(length);
        return fields.Length < length ? throw new EndOfStreamException() : new QueueEntry
        {
            QueueId = queueId,
            Session = session,
            Envelope = envelope,
            Recipients = [],
            AddedFields = fields,
            QuarantineReason = reason,
            // The first ones ended before these.
            TraceParent = reader.BaseStream.Position < reader.BaseStream.Length ? Text(reader) : null,
            IsTlsNotRequired = reader.BaseStream.Position < reader.BaseStream.Length && reader.ReadBoolean(),
            AcceptedAt = acceptedAt,
            Lane = lane,
        };
    });

    /// <summary>An item's recipients.</summary>
    public static byte[] EncodeRecipients(IReadOnlyList<QueueRecipient> recipients)
    {
        ArgumentNullException.ThrowIfNull(recipients);
        using var octets = new MemoryStream(64);
        using var writer = new BinaryWriter(octets, Encoding.UTF8);
        writer.Write(Version);
        writer.Write7BitEncodedInt(recipients.Count);
        foreach (var (recipient, hop) in recipients)
        {
            writer.Write(recipient.Address.LocalPart);
            writer.Write(recipient.Address.Domain);
            writer.Write((byte)recipient.Notify);
            Write(writer, recipient.Original?.AddressType);
            Write(writer, recipient.Original?.Address);
            Write(writer, recipient.Parameters);
            Write(writer, hop?.ToString());
        }

        writer.Flush();
        return octets.ToArray();
    }

    /// <summary>The reverse.</summary>
    /// <exception cref="InvalidDataException">These are no such octets.</exception>
    public static IReadOnlyList<QueueRecipient> DecodeRecipients(ReadOnlySpan<byte> octets) => Read(octets, static reader =>
    {
        var recipients = new List<QueueRecipient>();
        for (var left = reader.Read7BitEncodedInt(); left > 0; left--)
        {
            var (local, domain) = (reader.ReadString(), reader.ReadString());
            var address = domain.Length == 0 ? EmailAddress.Postmaster : EmailAddress.Parse("x@" + domain).WithLocalPart(local);
            var notify = (ReportEvents)reader.ReadByte();
            var (type, original) = (Text(reader), Text(reader));
            var recipient = new Recipient(address)
            {
                Notify = notify,
                Original = type is null ? null : new OriginalRecipient(type, original ?? ""),
                Parameters = Parameters(reader),
            };
            var hop = Text(reader);
            recipients.Add(new QueueRecipient(recipient, hop is null ? null : NextHop.TryParse(hop, out var parsed) ? parsed : throw new FormatException($"'{hop}' is no next hop.")));
        }

        return recipients;
    });

    private static Envelope ReadEnvelope(BinaryReader reader)
    {
        var from = Text(reader);
        var body = (BodyType)reader.ReadByte();
        var utf8 = reader.ReadBoolean();
        var size = reader.ReadInt64();
        var auth = Text(reader);
        var returned = (ReportContent)reader.ReadByte();
        var id = Text(reader);
        var requireTls = reader.ReadBoolean();
        var hold = Time(reader);
        var deadline = Time(reader);
        var action = (DeadlineAction)reader.ReadByte();
        var isTraced = reader.ReadBoolean();
        return new Envelope(from is null ? ReversePath.Null : new ReversePath(EmailAddress.Parse(from)))
        {
            Body = body,
            SmtpUtf8 = utf8,
            DeclaredSize = size < 0 ? null : size,
            AuthParameter = auth,
            Return = returned,
            EnvelopeId = id,
            RequireTls = requireTls,
            HoldUntil = hold,
            DeliverBy = deadline is { } by ? new DeliverBy(by, action, isTraced) : null,
            Priority = reader.ReadSByte(),
            Parameters = Parameters(reader),
        };
    }

    private static T Read<T>(ReadOnlySpan<byte> octets, Func<BinaryReader, T> read)
    {
        using var stream = new MemoryStream(octets.ToArray(), writable: false);
        using var reader = new BinaryReader(stream, Encoding.UTF8);
        try
        {
            var version = reader.ReadByte();
            return version == Version ? read(reader) : throw new InvalidDataException($"A queued message was written in form {version}, which this version does not know.");
        }
        catch (Exception error) when (error is EndOfStreamException or FormatException or ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"A queued message can't be read: {error.Message}", error);
        }
    }

    private static void Write(BinaryWriter writer, string? text)
    {
        writer.Write(text is not null);
        if (text is not null)
        {
            writer.Write(text);
        }
    }

    private static void Write(BinaryWriter writer, DateTimeOffset? time) => writer.Write(time?.UtcTicks ?? -1);

    private static void Write(BinaryWriter writer, IReadOnlyDictionary<string, string?> parameters)
    {
        writer.Write7BitEncodedInt(parameters.Count);
        foreach (var (name, value) in parameters)
        {
            writer.Write(name);
            Write(writer, value);
        }
    }

    private static string? Text(BinaryReader reader) => reader.ReadBoolean() ? reader.ReadString() : null;

    private static DateTimeOffset? Time(BinaryReader reader) => reader.ReadInt64() is var ticks and >= 0 ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    private static IReadOnlyDictionary<string, string?> Parameters(BinaryReader reader)
    {
        var count = reader.Read7BitEncodedInt();
        if (count == 0)
        {
            return Recipient.NoParameters;
        }

        var parameters = new Dictionary<string, string?>(StringComparer.Ordinal);
        for (; count > 0; count--)
        {
            parameters[reader.ReadString()] = Text(reader);
        }

        return parameters;
    }
}
