namespace MailCore.Imap.Wire;

/// <summary>What a command may cost at one stage of a session; octets.</summary>
/// <param name="Line">All of its lines together.</param>
/// <param name="Literal">One literal.</param>
/// <param name="Literals">All of its literals together.</param>
/// <param name="LiteralCount">Literals.</param>
internal sealed record FrameLimits(int Line, int Literal, int Literals, int LiteralCount)
{
    /// <summary>RFC 7888 5: without LITERAL+ a non-synchronising literal has at most this many octets.</summary>
    public const int LiteralMinus = 4096;

    /// <summary>One literal that the client does not ask leave for.</summary>
    public int NonSynchronizing { get; init; } = LiteralMinus;

    /// <summary>Octets dropped behind a refusal before the connection is given up.</summary>
    public long Drain { get; init; }

    /// <summary>Whether an appended message is left to be streamed.</summary>
    public bool StreamsMessages { get; init; }

    public static FrameLimits BeforeLogin(ImapOptions options) =>
        new(options.MaxLineBeforeLogin, options.MaxLiteralsBeforeLogin, options.MaxLiteralsBeforeLogin, options.MaxLiteralCount) { Drain = options.MaxDrain };

    public static FrameLimits AfterLogin(ImapOptions options) =>
        new(options.MaxLine, options.MaxLiteral, options.MaxLiterals, options.MaxLiteralCount)
        {
            NonSynchronizing = int.MaxValue,
            Drain = options.MaxDrain,
            StreamsMessages = true,
        };
}
