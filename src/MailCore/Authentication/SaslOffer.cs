using System.Collections.Frozen;
using System.Text;

namespace MailCore.Authentication;

/// <summary>
/// The mechanisms that a connection may use in the state it is in. Immutable; connections in the same state get the same object, so
/// that what is made of it can be kept.
/// </summary>
public sealed class SaslOffer
{
    private readonly FrozenSet<string> _set;

    internal SaslOffer(IEnumerable<string> names)
    {
        Names = [.. names];
        _set = Names.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        Encoded = [.. Names.Select(static name => (ReadOnlyMemory<byte>)Encoding.ASCII.GetBytes(name))];
        BindsChannel = Names.Any(static name => name.EndsWith("-PLUS", StringComparison.Ordinal));
    }

    /// <summary>Nothing.</summary>
    public static SaslOffer None { get; } = new([]);

    /// <summary>In the order to announce them; empty where nobody may log in.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary><see cref="Names"/> in ASCII.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Encoded { get; }

    /// <summary>Whether a mechanism with channel binding is among them: a client that says it saw none is being lied to (RFC 5802 6).</summary>
    public bool BindsChannel { get; }

    /// <summary>Whether a password may be sent as it is: the commands that carry one without SASL go with PLAIN and LOGIN.</summary>
    public bool TakesPasswords => Contains(SaslMechanisms.Plain) || Contains(SaslMechanisms.Login);

    /// <summary>Names compare without case.</summary>
    public bool Contains(string mechanism) => _set.Contains(mechanism);
}
