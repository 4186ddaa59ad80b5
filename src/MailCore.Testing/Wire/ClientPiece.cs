namespace MailCore.Testing.Wire;

/// <summary>What the next octets of a client are.</summary>
internal enum PieceKind
{
    /// <summary>More is needed to tell.</summary>
    Incomplete,

    /// <summary>A command's first line.</summary>
    Command,

    /// <summary>A line or literal that belongs to the command before it.</summary>
    Continuation,

    /// <summary>An answer in a SASL exchange, or what belongs to a login.</summary>
    Secret,

    /// <summary>Octets of a message.</summary>
    Content,

    /// <summary>The last octets of a message.</summary>
    ContentEnd,

    /// <summary>Octets that are not ours to read: TLS and compression begin.</summary>
    Opaque,
}

/// <summary>The next octets of a client: how many, and what they are.</summary>
internal readonly record struct ClientPiece(PieceKind Kind, long Length, ClientCommand? Command = null);

/// <summary>A command's first line, without its end.</summary>
/// <param name="Tag">IMAP's.</param>
/// <param name="Verb">In capitals.</param>
/// <param name="Line">Without tag and without secrets.</param>
internal sealed record ClientCommand(string Tag, string Verb, string Line);
