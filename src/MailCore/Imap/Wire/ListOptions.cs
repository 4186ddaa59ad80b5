namespace MailCore.Imap.Wire;

/// <summary>Which mailboxes LIST chooses (RFC 5258 3.1).</summary>
[Flags]
internal enum ListSelection
{
    None = 0,
    Subscribed = 1,

    /// <summary>Mailboxes on other servers too, of which there are none.</summary>
    Remote = 2,
    RecursiveMatch = 4,

    /// <summary>RFC 6154.</summary>
    SpecialUse = 8,

    /// <summary>Those that a mailbox either meets or does not.</summary>
    Criteria = Subscribed | SpecialUse,
}

/// <summary>What LIST tells of each mailbox (RFC 5258 3.2).</summary>
[Flags]
internal enum ListReturn
{
    None = 0,
    Subscribed = 1,
    Children = 2,

    /// <summary>RFC 6154.</summary>
    SpecialUse = 4,

    /// <summary>RFC 8440.</summary>
    MyRights = 8,
}

/// <summary>LIST with everything that may be asked of it.</summary>
/// <param name="Patterns">The reference joined to each; empty asks for the hierarchy's separator.</param>
internal sealed record ListRequest(IReadOnlyList<ListPattern> Patterns)
{
    /// <summary>Any syntax of RFC 5258 was used: nothing is returned that was not asked for.</summary>
    public bool IsExtended { get; init; }

    public ListSelection Selection { get; init; }

    public ListReturn Return { get; init; }

    /// <summary>RFC 5819.</summary>
    public IReadOnlyList<StatusItem> Status { get; init; } = [];

    /// <summary>Annotations of each mailbox to tell (RFC 9590).</summary>
    public IReadOnlyList<string> Metadata { get; init; } = [];

    public bool Matches(string name)
    {
        foreach (var pattern in Patterns)
        {
            if (pattern.Matches(name))
            {
                return true;
            }
        }

        return false;
    }
}
