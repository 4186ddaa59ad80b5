using System.Collections.Frozen;
using MailCore.Messaging;
using MailCore.Smtp.Commands;
using static MailCore.Smtp.SmtpConditions;

namespace MailCore.Smtp;

/// <summary>What must hold for a command to run; checked in this order.</summary>
[Flags]
internal enum SmtpConditions
{
    None = 0,

    /// <summary>Not known in LMTP.</summary>
    SmtpOnly = 1,

    /// <summary>Not known in SMTP.</summary>
    LmtpOnly = 2,

    /// <summary>Answered even where TLS must come first.</summary>
    BeforeTls = 4,

    /// <summary>Takes no argument.</summary>
    NoArgument = 8,

    /// <summary>The client has greeted, where that is asked for.</summary>
    Hello = 16,

    /// <summary>The client has authenticated, where that is asked for.</summary>
    Login = 32,

    /// <summary>Not between MAIL and the end of its message.</summary>
    NoTransaction = 64,

    /// <summary>Only between MAIL and the end of its message.</summary>
    Transaction = 128,

    /// <summary>At least one recipient was accepted.</summary>
    Recipients = 256,

    /// <summary>HELP does not name it: it is for few.</summary>
    Unlisted = 512,
}

/// <summary>Runs a command. The argument is what stands behind the verb, valid until the next line is read. Null when the replies have been written already.</summary>
internal delegate ValueTask<SmtpReply?> SmtpHandler(SmtpSession session, ReadOnlyMemory<byte> argument);

/// <summary>One verb.</summary>
internal sealed record SmtpCommand(string Verb, SmtpConditions Conditions, SmtpHandler RunAsync);

/// <summary>The protocol on one page: every verb, when it may be used, and where it is done. Immutable.</summary>
internal sealed class SmtpCommandTable
{
    /// <summary>Letters of a verb.</summary>
    public const int LongestVerb = sizeof(ulong);

    private readonly FrozenDictionary<ulong, SmtpCommand> _byVerb;

    private SmtpCommandTable(params IReadOnlyList<SmtpCommand> commands)
    {
        Commands = commands;
        _byVerb = commands.ToFrozenDictionary(static command => Key(System.Text.Encoding.ASCII.GetBytes(command.Verb)));
    }

    public static SmtpCommandTable Standard { get; } = new(
        new("EHLO", SmtpOnly | BeforeTls, HelloCommand.EhloAsync),
        new("HELO", SmtpOnly, HelloCommand.HeloAsync),
        new("LHLO", LmtpOnly | BeforeTls, HelloCommand.LhloAsync),
        new("STARTTLS", BeforeTls | NoArgument | NoTransaction, StartTlsCommand.RunAsync),
        new("AUTH", Hello | NoTransaction, AuthCommand.RunAsync),
        new("MAIL", Hello | Login | NoTransaction, MailCommand.RunAsync),
        new("RCPT", Transaction, RcptCommand.RunAsync),
        new("DATA", NoArgument | Transaction | Recipients, DataCommand.RunAsync),
        new("BDAT", BeforeTls, BdatCommand.RunAsync),
        new("RSET", NoArgument, RsetCommand.RunAsync),
        new("NOOP", BeforeTls, NoopCommand.RunAsync),
        new("VRFY", None, VrfyCommand.VrfyAsync),
        new("EXPN", None, VrfyCommand.ExpnAsync),
        new("XCLIENT", Unlisted | NoTransaction, XClientCommand.RunAsync),
        new("XFORWARD", Unlisted | Hello | NoTransaction, XForwardCommand.RunAsync),
        new("HELP", None, HelpCommand.RunAsync),
        new("QUIT", BeforeTls | NoArgument, QuitCommand.RunAsync));

    public IReadOnlyList<SmtpCommand> Commands { get; }

    /// <summary>This table, and the host's own verbs behind it.</summary>
    public SmtpCommandTable With(IReadOnlyCollection<KeyValuePair<string, SmtpVerbHandler>> verbs) => verbs.Count == 0
        ? this
        : new SmtpCommandTable([.. Commands, .. verbs.Select(static verb => new SmtpCommand(verb.Key, None, HostCommand.Over(verb.Value)))]);

    /// <summary>The command of a verb in any case, or null.</summary>
    public SmtpCommand? Find(ReadOnlySpan<byte> verb) =>
        verb.Length is > 0 and <= LongestVerb && _byVerb.TryGetValue(Key(verb), out var command) ? command : null;

    // Letters of up to eight octets fit a number; bit 5 is what makes them small. Anything else is nobody's key.
    private static ulong Key(ReadOnlySpan<byte> verb)
    {
        var key = 0UL;
        foreach (var octet in verb)
        {
            if (!char.IsAsciiLetter((char)octet))
            {
                return 0;
            }

            key = (key << 8) | (octet & ~0x20u);
        }

        return key;
    }
}
