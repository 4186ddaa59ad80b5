namespace MailCore.Storage;

/// <summary>One user's mail: opaque to stores, case-sensitive, never empty. The directory hands it out.</summary>
public readonly record struct AccountId(string Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>Stable for the life of a mailbox and kept by RENAME: the MAILBOXID of RFC 8474.</summary>
public readonly record struct MailboxId(string Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>Names stored octets within one store. Opaque; only rows and staged content hand it out.</summary>
public readonly record struct ContentId(string Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>Kept by COPY and MOVE: the EMAILID of RFC 8474.</summary>
public readonly record struct EmailId(string Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>A message's unique identifier in one mailbox: 1 to 4,294,967,295, never re-used (RFC 9051 2.3.1.1).</summary>
public readonly record struct Uid(uint Value) : IComparable<Uid>
{
    /// <inheritdoc/>
    public int CompareTo(Uid other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Lower UID.</summary>
    public static bool operator <(Uid left, Uid right) => left.Value < right.Value;

    /// <summary>Higher UID.</summary>
    public static bool operator >(Uid left, Uid right) => left.Value > right.Value;

    /// <summary>Lower or same UID.</summary>
    public static bool operator <=(Uid left, Uid right) => left.Value <= right.Value;

    /// <summary>Higher or same UID.</summary>
    public static bool operator >=(Uid left, Uid right) => left.Value >= right.Value;
}

/// <summary>The account-wide modification sequence, 1 to 2^63 - 1 (RFC 7162). Commit order is ModSeq order.</summary>
public readonly record struct ModSeq(long Value) : IComparable<ModSeq>
{
    /// <inheritdoc/>
    public int CompareTo(ModSeq other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Earlier.</summary>
    public static bool operator <(ModSeq left, ModSeq right) => left.Value < right.Value;

    /// <summary>Later.</summary>
    public static bool operator >(ModSeq left, ModSeq right) => left.Value > right.Value;

    /// <summary>Earlier or the same.</summary>
    public static bool operator <=(ModSeq left, ModSeq right) => left.Value <= right.Value;

    /// <summary>Later or the same.</summary>
    public static bool operator >=(ModSeq left, ModSeq right) => left.Value >= right.Value;
}
