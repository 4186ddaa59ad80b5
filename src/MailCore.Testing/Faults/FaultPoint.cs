namespace MailCore.Testing.Faults;

/// <summary>What a predicate of a fault sees: one moment of one session.</summary>
public sealed record FaultPoint
{
    /// <summary>Where in the session this is.</summary>
    public required FaultStage Stage { get; init; }

    /// <summary>What the session speaks.</summary>
    public required TestProtocol Protocol { get; init; }

    /// <summary>The endpoint's name: "smtp", "submissions", "imap".</summary>
    public required string Endpoint { get; init; }

    /// <summary>The connection's id, as in the transcripts.</summary>
    public required string Connection { get; init; }

    /// <summary>The command's verb in capitals, with "UID " before IMAP's UID commands; empty at other stages.</summary>
    public string Verb { get; init; } = "";

    /// <summary>The command's line, without a secret in it and without IMAP's tag; the keyword at <see cref="FaultStage.Capability"/>.</summary>
    public string Text { get; init; } = "";

    /// <summary>Who is logged in; null for strangers.</summary>
    public string? User { get; init; }

    /// <summary>The address in MAIL FROM; null outside a transaction, empty for the null path.</summary>
    public string? Sender { get; init; }

    /// <summary>The addresses in RCPT TO so far, the one at hand included.</summary>
    public IReadOnlyList<string> Recipients { get; init; } = [];

    /// <summary>IMAP's tag, for replies.</summary>
    internal string Tag { get; init; } = "";

    internal bool Concerns(string address)
    {
        return Verb == "RCPT"
            ? Recipients is [.., var last] && IsIt(last)
            : Recipients.Any(IsIt) || IsIt(User) || IsIt(Sender);

        bool IsIt(string? other) => string.Equals(other, address, StringComparison.OrdinalIgnoreCase);
    }
}
