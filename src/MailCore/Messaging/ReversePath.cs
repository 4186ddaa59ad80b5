namespace MailCore.Messaging;

/// <summary>A sender on the envelope: an address, or the null path of notifications ("MAIL FROM:&lt;&gt;").</summary>
public readonly record struct ReversePath(EmailAddress? Address)
{
    /// <summary>The null path.</summary>
    public static ReversePath Null => default;

    /// <summary>Whether this is the null path.</summary>
    public bool IsNull => Address is null;

    /// <summary>Without brackets; empty for the null path.</summary>
    public override string ToString() => Address?.ToString() ?? "";
}
