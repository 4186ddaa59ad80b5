using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MailCore.Smtp.Wire;

namespace MailCore.Smtp.Commands;

/// <summary>The attributes of XCLIENT and XFORWARD: what a trusted peer tells of the client behind it. Null where it told nothing.</summary>
internal sealed record ClientAttributes
{
    /// <summary>Those that XCLIENT takes.</summary>
    public const string ForXClient = "NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT";

    /// <summary>Those that XFORWARD takes.</summary>
    public const string ForXForward = "NAME ADDR PORT PROTO HELO IDENT SOURCE";

    // The longest name that any value can be.
    private const int MaxValue = 255;

    public string? Name { get; private set; }

    public IPAddress? Address { get; private set; }

    /// <summary>The peer says that it does not know the address.</summary>
    public bool IsAddressUnknown { get; private set; }

    public int? Port { get; private set; }

    public string? Protocol { get; private set; }

    public string? Hello { get; private set; }

    public string? Login { get; private set; }

    public IPAddress? LocalAddress { get; private set; }

    public int? LocalPort { get; private set; }

    public string? Identifier { get; private set; }

    public string? Source { get; private set; }

    /// <summary>Reads "NAME=value ..." in xtext; null where one is unknown or has a value it can't have.</summary>
    public static ClientAttributes? Parse(ReadOnlySpan<byte> text, string known)
    {
        var attributes = new ClientAttributes();
        var names = known.Split(' ');
        foreach (var range in text.Split((byte)' '))
        {
            var attribute = text[range];
            if (attribute.IsEmpty)
            {
                continue;
            }

            var equals = attribute.IndexOf((byte)'=');
            if (equals <= 0 || equals > MaxValue || !XText.TryDecode(attribute[(equals + 1)..], out var value) || value.Length > MaxValue)
            {
                return null;
            }

            var name = Encoding.ASCII.GetString(attribute[..equals]).ToUpperInvariant();
            var isAbsent = IsAbsent(value);
            if (!names.Contains(name) || !(isAbsent || attributes.Set(name, value)))
            {
                return null;
            }

            attributes.IsAddressUnknown |= isAbsent && name == "ADDR";
        }

        return attributes;
    }

    private static bool IsAbsent(string value) =>
        value.Equals("[UNAVAILABLE]", StringComparison.OrdinalIgnoreCase) || value.Equals("[TEMPUNAVAIL]", StringComparison.OrdinalIgnoreCase);

    private bool Set(string name, string value)
    {
        switch (name)
        {
            case "NAME":
                Name = value;
                return HelloCommand.IsName(value);
            case "ADDR":
                return TryAddress(value, out var address) && (Address = address) is not null;
            case "PORT":
                return TryPort(value, out var port) && (Port = port) is not null;
            case "PROTO":
                Protocol = value.ToUpperInvariant();
                return Protocol is "SMTP" or "ESMTP";
            case "HELO":
                Hello = value;
                return HelloCommand.IsName(value);
            case "LOGIN":
                Login = value;
                return value.Length > 0;
            case "DESTADDR":
                return TryAddress(value, out var local) && (LocalAddress = local) is not null;
            case "DESTPORT":
                return TryPort(value, out var localPort) && (LocalPort = localPort) is not null;
            case "IDENT":
                Identifier = value;
                return value.Length > 0;
            case "SOURCE":
                Source = value.ToUpperInvariant();
                return Source is "LOCAL" or "REMOTE";
            default:
                return false;
        }
    }

    private static bool TryAddress(string value, out IPAddress? address)
    {
        var isSix = value.StartsWith("IPV6:", StringComparison.OrdinalIgnoreCase);
        // Looser forms of IPv4, such as "127.1", are nobody's.
        return IPAddress.TryParse(isSix ? value.AsSpan(5) : value, out address)
            && (address.AddressFamily == AddressFamily.InterNetworkV6 ? isSix || value.Contains(':', StringComparison.Ordinal) : !isSix && value.Count('.') == 3);
    }

    private static bool TryPort(string value, out int port) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= IPEndPoint.MaxPort;
}
