using System.Net;
using System.Text;

namespace MailCore.Dns.Wire;

/// <summary>What a server said to one question.</summary>
internal sealed class DnsResponse
{
    /// <summary>More records than any mail server needs count as nonsense.</summary>
    public const int MaxRecords = 500;

    public const int NoError = 0;
    public const int FormatError = 1;
    public const int NoSuchName = 3;
    public const int NotImplemented = 4;

    private const int Soa = 6;

    private readonly List<DnsRecord> _answers = [];

    private DnsResponse(ushort flags, int length) => (Flags, Length) = (flags, length);

    /// <summary>Octets on the wire.</summary>
    public int Length { get; }

    private ushort Flags { get; }

    public int Code => Flags & 15;

    public bool IsAuthoritative => (Flags & 0x0400) != 0;

    /// <summary>The rest must be asked for over TCP.</summary>
    public bool IsTruncated => (Flags & 0x0200) != 0;

    /// <summary>The server does look further than into its own zones.</summary>
    public bool IsRecursive => (Flags & 0x0080) != 0;

    /// <summary>AD.</summary>
    public bool IsAuthentic => (Flags & 0x0020) != 0;

    /// <summary>In order; types that can't be asked for are left out.</summary>
    public IReadOnlyList<DnsRecord> Answers => _answers;

    /// <summary>For how long there is nothing (RFC 2308 5); null where the server does not say.</summary>
    public TimeSpan? NegativeTimeToLive { get; private set; }

    /// <summary>False for what is no well-formed answer to this question with this id: it came from elsewhere.</summary>
    public static bool TryParse(ReadOnlySpan<byte> message, DnsQuery query, ushort id, out DnsResponse? response)
    {
        response = null;
        var reader = new DnsReader(message);
        if (!reader.TryReadNumber(out var answered) || answered != id
            || !reader.TryReadNumber(out var flags)
            // A response, to a plain query.
            || (flags & 0xF800) != 0x8000
            || !reader.TryReadNumber(out var questions)
            || !reader.TryReadNumber(out var answers)
            || !reader.TryReadNumber(out var authorities)
            || !reader.TryReadNumber(out _)
            || answers > MaxRecords || authorities > MaxRecords
            || questions != 1 || !reader.TryRead(query.Question.Length, out var question) || !IsSame(question, query.Question))
        {
            return false;
        }

        var parsed = new DnsResponse(flags, message.Length);
        for (var i = 0; i < answers + authorities; i++)
        {
            if (!parsed.TryReadRecord(ref reader, isAnswer: i < answers))
            {
                // What was cut off is asked for again anyway.
                response = parsed.IsTruncated ? parsed : null;
                return parsed.IsTruncated;
            }
        }

        response = parsed;
        return true;
    }

    private static bool IsSame(ReadOnlySpan<byte> given, ReadOnlySpan<byte> asked)
    {
        // Servers may spell a name's letters as they like; ours are small.
        for (var i = 0; i < asked.Length - 4; i++)
        {
            if (asked[i] != given[i] && !(char.IsAsciiLetterUpper((char)given[i]) && (given[i] | 0x20) == asked[i]))
            {
                return false;
            }
        }

        return given[^4..].SequenceEqual(asked[^4..]);
    }

    private bool TryReadRecord(ref DnsReader reader, bool isAnswer)
    {
        var start = reader.Position;
        if (!reader.TrySkipName()
            || !reader.TryReadNumber(out var type)
            || !reader.TryReadNumber(out var @class)
            || !reader.TryReadSeconds(out var seconds)
            || !reader.TryReadNumber(out var length)
            || length > reader.Left)
        {
            return false;
        }

        var end = reader.Position + length;
        if (@class == 1 && (isAnswer ? Enum.IsDefined((DnsRecordType)type) : type == Soa))
        {
            var data = reader.Position;
            reader.Position = start;
            if (!reader.TryReadName(out var name))
            {
                return false;
            }

            reader.Position = data;
            var life = TimeSpan.FromSeconds(seconds);
            if (isAnswer ? !TryReadAnswer(ref reader, (DnsRecordType)type, name, life, length) : !TryReadSoa(ref reader, life))
            {
                return false;
            }

            // A name in the data must end where the data does.
            if (reader.Position != end)
            {
                return false;
            }
        }

        reader.Position = end;
        return true;
    }

    private bool TryReadSoa(ref DnsReader reader, TimeSpan life)
    {
        if (!reader.TryReadName(out _) || !reader.TryReadName(out _) || !reader.TryRead(16, out _) || !reader.TryReadSeconds(out var minimum))
        {
            return false;
        }

        var least = TimeSpan.FromSeconds(minimum);
        NegativeTimeToLive = least < life ? least : life;
        return true;
    }

    private bool TryReadAnswer(ref DnsReader reader, DnsRecordType type, string name, TimeSpan life, int length)
    {
        var record = type switch
        {
            DnsRecordType.A when length == 4 && reader.TryRead(length, out var four) => new AddressRecord(name, life, new IPAddress(four)),
            DnsRecordType.Aaaa when length == 16 && reader.TryRead(length, out var sixteen) => new AddressRecord(name, life, new IPAddress(sixteen)),
            DnsRecordType.Cname when reader.TryReadName(out var target) => new AliasRecord(name, life, target),
            DnsRecordType.Ptr when reader.TryReadName(out var target) => new PointerRecord(name, life, target),
            DnsRecordType.Mx when reader.TryReadNumber(out var preference) && reader.TryReadName(out var exchange) =>
                new MailExchangeRecord(name, life, preference, exchange),
            DnsRecordType.Txt when reader.TryRead(length, out var strings) && TryReadText(strings, out var text) => new TextRecord(name, life, text),
            DnsRecordType.Tlsa when length > 3 && reader.TryRead(length, out var data) => new TlsaRecord(name, life, data[0], data[1], data[2], data[3..].ToArray()),
            _ => (DnsRecord?)null,
        };
        if (record is null)
        {
            return false;
        }

        _answers.Add(record);
        return true;
    }

    private static bool TryReadText(ReadOnlySpan<byte> strings, out string text)
    {
        text = "";
        var joined = new byte[strings.Length];
        var count = 0;
        while (!strings.IsEmpty)
        {
            int length = strings[0];
            if (length >= strings.Length)
            {
                return false;
            }

            strings.Slice(1, length).CopyTo(joined.AsSpan(count));
            count += length;
            strings = strings[(length + 1)..];
        }

        text = Encoding.UTF8.GetString(joined, 0, count);
        return true;
    }
}
