using MailCore.Messaging;

namespace MailCore.Smtp;

/// <summary>An EHLO keyword of the host's own, with the parameters it brings.</summary>
/// <param name="Name">Capitals, digits and hyphens; the engine's own are refused.</param>
/// <param name="Value">What stands behind it, printable ASCII; null for nothing.</param>
public sealed record SmtpKeyword(string Name, string? Value = null)
{
    /// <summary>Names of parameters that MAIL takes; they end up in <see cref="Envelope.Parameters"/>.</summary>
    public IReadOnlyList<string> MailParameters { get; init; } = [];

    /// <summary>Names of parameters that RCPT takes; they end up in <see cref="Recipient.Parameters"/>.</summary>
    public IReadOnlyList<string> RecipientParameters { get; init; } = [];

    /// <summary>As EHLO shows it.</summary>
    public override string ToString() => Value is null ? Name : $"{Name} {Value}";

    internal bool IsValid => IsName(Name) && MailParameters.All(IsName) && RecipientParameters.All(IsName)
        && (Value is null || Value.All(static c => c is >= ' ' and <= '~'));

    private static bool IsName(string name) => name.Length > 0 && name[0] != '-' && name.All(static c => char.IsAsciiLetterOrDigit(c) || c == '-');
}

/// <summary>Answers a verb of the host's own. An exception is logged and becomes 451.</summary>
public delegate ValueTask<SmtpReply> SmtpVerbHandler(SmtpVerbContext context, CancellationToken cancellationToken);

/// <summary>One use of a host's verb.</summary>
public sealed class SmtpVerbContext
{
    internal SmtpVerbContext(string argument, MailSessionInfo session, MailTransaction? transaction) =>
        (Argument, Session, Transaction) = (argument, session, transaction);

    /// <summary>What stands behind the verb, without spaces around it; may be empty.</summary>
    public string Argument { get; }

    /// <summary>Who says it.</summary>
    public MailSessionInfo Session { get; }

    /// <summary>Between MAIL and the end of its message; null otherwise.</summary>
    public MailTransaction? Transaction { get; }

    /// <summary>Closes the connection behind the reply.</summary>
    public bool EndsSession { get; set; }
}
