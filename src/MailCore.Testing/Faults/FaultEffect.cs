using System.Text;
using MailCore.Messaging;

namespace MailCore.Testing.Faults;

/// <summary>How a fault ends a connection.</summary>
internal enum FaultEnd
{
    None,
    Close,
    Abort,
}

/// <summary>What a fault does. Immutable.</summary>
internal sealed record FaultEffect
{
    public SmtpReply? Reply { get; init; }

    public string? ReplyLine { get; init; }

    public TimeSpan Delay { get; init; }

    public int? Rate { get; init; }

    public int? Truncate { get; init; }

    public bool Garble { get; init; }

    public bool Drop { get; init; }

    public FaultEnd End { get; init; }

    public string? Expunge { get; init; }

    public bool ChangesUidValidity { get; init; }

    public bool Hides { get; init; }

    public bool Answers => Reply is not null || ReplyLine is not null;

    public bool ChangesReply => Drop || Garble || Rate is not null || Truncate is not null;

    /// <summary>The server gets to see the command.</summary>
    public bool RunsCommand => !Answers && (End == FaultEnd.None || ChangesReply);

    /// <summary>A refusal after which a server hangs up.</summary>
    public bool AnswerEnds(FaultStage stage) =>
        Reply is { Code: 421 } || ReplyLine?.StartsWith("* BYE", StringComparison.OrdinalIgnoreCase) == true
        || (stage == FaultStage.Connect && Answers && !(Reply?.IsPositive ?? IsPositive(ReplyLine!)));

    public byte[] AnswerTo(FaultPoint point)
    {
        if (Reply is { } reply)
        {
            return reply.Encoded.ToArray();
        }

        var line = ReplyLine!;
        var tag = point.Protocol == TestProtocol.Imap && point.Tag.Length > 0 && line[0] is not ('*' or '+') ? point.Tag + " " : "";
        return Encoding.UTF8.GetBytes(tag + line + (line.EndsWith('\n') ? "" : "\r\n"));
    }

    public override string ToString()
    {
        var parts = new List<string>();
        Add(Delay > TimeSpan.Zero, $"delay {Delay}");
        Add(Expunge is not null, $"expunge {Expunge}");
        Add(ChangesUidValidity, "change UIDVALIDITY");
        Add(Answers, $"reply '{Reply?.ToString() ?? ReplyLine}'");
        Add(Drop, "drop the reply");
        Add(Garble, "garble the reply");
        Add(Truncate is not null, $"truncate after {Truncate}");
        Add(Rate is not null, $"throttle to {Rate} octets/s");
        Add(End == FaultEnd.Close, "disconnect");
        Add(End == FaultEnd.Abort, "reset");
        Add(Hides, "hidden");
        return string.Join(", ", parts);

        void Add(bool isSet, string part)
        {
            if (isSet)
            {
                parts.Add(part);
            }
        }
    }

    private static bool IsPositive(string line) => line[0] is '2' or '3' or '+' || line.StartsWith("* OK", StringComparison.OrdinalIgnoreCase) || line.StartsWith("* PREAUTH", StringComparison.OrdinalIgnoreCase);
}
