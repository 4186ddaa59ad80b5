using System.Net;

namespace MailCore.Dns;

/// <summary>The types of records that can be asked for, by their numbers on the wire.</summary>
public enum DnsRecordType
{
    /// <summary>An IPv4 address.</summary>
    A = 1,

    /// <summary>An alias.</summary>
    Cname = 5,

    /// <summary>A name for an address.</summary>
    Ptr = 12,

    /// <summary>A mail server.</summary>
    Mx = 15,

    /// <summary>Text.</summary>
    Txt = 16,

    /// <summary>An IPv6 address.</summary>
    Aaaa = 28,

    /// <summary>A certificate association (RFC 6698).</summary>
    Tlsa = 52,
}

/// <summary>One record. Names are ASCII without a dot at the end ("." for the root); odd octets in labels stand as \DDD.</summary>
/// <param name="Name">Whose record it is.</param>
/// <param name="TimeToLive">As the server gave it, at most 68 years.</param>
public abstract record DnsRecord(string Name, TimeSpan TimeToLive);

/// <summary>A or AAAA.</summary>
public sealed record AddressRecord(string Name, TimeSpan TimeToLive, IPAddress Address) : DnsRecord(Name, TimeToLive);

/// <summary>CNAME.</summary>
public sealed record AliasRecord(string Name, TimeSpan TimeToLive, string Target) : DnsRecord(Name, TimeToLive);

/// <summary>PTR.</summary>
public sealed record PointerRecord(string Name, TimeSpan TimeToLive, string Target) : DnsRecord(Name, TimeToLive);

/// <summary>MX; lower preferences come first, and "." as the only exchange means that the domain takes no mail (RFC 7505).</summary>
public sealed record MailExchangeRecord(string Name, TimeSpan TimeToLive, int Preference, string Exchange) : DnsRecord(Name, TimeToLive);

/// <summary>TXT, its strings joined (RFC 7208 3.3); what is not UTF-8 is replaced.</summary>
public sealed record TextRecord(string Name, TimeSpan TimeToLive, string Text) : DnsRecord(Name, TimeToLive);

/// <summary>TLSA (RFC 6698 2.1).</summary>
/// <param name="Name">Whose record it is.</param>
/// <param name="TimeToLive">As the server gave it.</param>
/// <param name="Usage">0 to 3; 2 is DANE-TA, 3 DANE-EE.</param>
/// <param name="Selector">0 the whole certificate, 1 its public key.</param>
/// <param name="MatchingType">0 as it is, 1 SHA-256, 2 SHA-512.</param>
/// <param name="Association">The octets to compare with.</param>
public sealed record TlsaRecord(string Name, TimeSpan TimeToLive, byte Usage, byte Selector, byte MatchingType, ReadOnlyMemory<byte> Association)
    : DnsRecord(Name, TimeToLive);
