using System.Collections.Frozen;
using MailCore.Pop3.Commands;
using MailCore.Pop3.Wire;

namespace MailCore.Pop3;

/// <summary>Where a session can be.</summary>
[Flags]
internal enum Pop3States
{
    /// <summary>AUTHORIZATION where TLS must come first.</summary>
    BeforeTls = 1,

    /// <summary>AUTHORIZATION (RFC 1939 4).</summary>
    Authorization = 2,

    /// <summary>TRANSACTION (RFC 1939 5).</summary>
    Transaction = 4,

    Any = BeforeTls | Authorization | Transaction,
}

/// <summary>Runs a command: reads its arguments from the line before it returns, which is before it waits for anything.</summary>
internal delegate ValueTask Pop3Handler(Pop3Session session, Pop3Line line);

internal sealed record Pop3Command(string Name, Pop3States States, Pop3Handler Run);

/// <summary>Every command, and the states in which it is answered.</summary>
internal static class Pop3CommandTable
{
    public static IReadOnlyList<Pop3Command> All { get; } =
    [
        new("CAPA", Pop3States.Any, CapaCommand.Run),                       // RFC 2449
        new("STLS", Pop3States.BeforeTls | Pop3States.Authorization, StlsCommand.Run), // RFC 2595
        new("USER", Pop3States.Authorization, UserCommand.Run),             // RFC 1939 7
        new("PASS", Pop3States.Authorization, PassCommand.Run),
        new("APOP", Pop3States.Authorization, ApopCommand.Run),             // RFC 1939 7
        new("AUTH", Pop3States.Authorization, AuthCommand.Run),             // RFC 5034
        new("UTF8", Pop3States.Authorization, Utf8Command.Run),             // RFC 6856 2.1
        new("LANG", Pop3States.Authorization | Pop3States.Transaction, LangCommand.Run), // RFC 6856 3
        new("STAT", Pop3States.Transaction, StatCommand.Run),               // RFC 1939 5
        new("LIST", Pop3States.Transaction, ListCommand.Run),
        new("UIDL", Pop3States.Transaction, UidlCommand.Run),               // RFC 1939 7
        new("RETR", Pop3States.Transaction, RetrCommand.Run),
        new("TOP", Pop3States.Transaction, TopCommand.Run),                 // RFC 1939 7
        new("DELE", Pop3States.Transaction, DeleCommand.Run),
        new("RSET", Pop3States.Transaction, RsetCommand.Run),
        new("NOOP", Pop3States.Any, NoopCommand.Run),
        new("QUIT", Pop3States.Any, QuitCommand.Run),                       // RFC 1939 6
    ];

    private static readonly FrozenDictionary<uint, Pop3Command> ByKey = All.ToFrozenDictionary(static command => Key(System.Text.Encoding.ASCII.GetBytes(command.Name)));

    /// <summary>Keywords are three or four letters or digits in any case (RFC 1939 3).</summary>
    public static Pop3Command? Find(ReadOnlySpan<byte> keyword) => keyword.Length is 3 or 4 ? ByKey.GetValueOrDefault(Key(keyword)) : null;

    // Zero, which is no command's, for what is not letters and digits alone.
    private static uint Key(ReadOnlySpan<byte> keyword)
    {
        var key = 0u;
        foreach (var octet in keyword)
        {
            if (!char.IsAsciiLetterOrDigit((char)octet))
            {
                return 0;
            }

            key = key << 8 | (octet & ~0x20u);
        }

        return key;
    }
}
