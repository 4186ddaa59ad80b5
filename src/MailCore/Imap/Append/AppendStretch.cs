using System.Text;
using MailCore.Imap.Wire;

namespace MailCore.Imap.Append;

/// <summary>What the literal at the end of a stretch is.</summary>
internal enum LiteralUse
{
    /// <summary>There is none: the command ends here.</summary>
    None,

    /// <summary>A message.</summary>
    Message,

    /// <summary>A part of one (RFC 4469).</summary>
    Part,

    /// <summary>The URL of a part.</summary>
    Url,
}

/// <summary>One thing to do for an APPEND, in the order of the command.</summary>
internal abstract record AppendStep
{
    /// <summary>A message begins.</summary>
    internal sealed record Begin(MessageArguments Arguments) : AppendStep;

    /// <summary>A part stands elsewhere.</summary>
    internal sealed record Fetch(byte[] Url) : AppendStep;

    /// <summary>All parts of a message are there.</summary>
    internal sealed record End : AppendStep;
}

/// <summary>The text of APPEND or REPLACE between two literals, before the first or behind the last (RFC 3502, 4469, 6855).</summary>
/// <param name="Steps">To be done first.</param>
/// <param name="Next">What the literal behind it is.</param>
internal sealed record AppendStretch(IReadOnlyList<AppendStep> Steps, LiteralUse Next)
{
    /// <summary>Reads the stretch behind the mailbox's name.</summary>
    public static AppendStretch ReadFirst(ref ImapReader reader)
    {
        var steps = new List<AppendStep>();
        return new AppendStretch(steps, ReadMessages(ref reader, steps));
    }

    /// <summary>Reads a stretch behind a literal.</summary>
    public static AppendStretch ReadNext(ref ImapReader reader, LiteralUse after, MessageArguments current)
    {
        var steps = new List<AppendStep>();
        if (after == LiteralUse.Message)
        {
            if (current.IsUtf8 && !reader.TryByte((byte)')'))
            {
                reader.Fail("')' expected");
            }
        }
        else if (reader.NextElement())
        {
            if (ReadParts(ref reader, steps) is var next and not LiteralUse.None)
            {
                return new AppendStretch(steps, next);
            }
        }
        else
        {
            steps.Add(new AppendStep.End());
        }

        return new AppendStretch(steps, reader.Failed || reader.AtEnd ? LiteralUse.None : ReadMessages(ref reader, steps));
    }

    private static LiteralUse ReadMessages(ref ImapReader reader, List<AppendStep> steps)
    {
        do
        {
            var arguments = MessageArguments.Read(ref reader);
            steps.Add(new AppendStep.Begin(arguments));
            if (!arguments.IsCatenated)
            {
                return LiteralUse.Message;
            }

            if (ReadParts(ref reader, steps) is var next and not LiteralUse.None)
            {
                return next;
            }
        }
        while (!reader.Failed && !reader.AtEnd);

        return LiteralUse.None;
    }

    // Up to a literal, or the end of the list.
    private static LiteralUse ReadParts(ref ImapReader reader, List<AppendStep> steps)
    {
        do
        {
            var start = reader.Position;
            var kind = reader.Word();
            var isText = Ascii.EqualsIgnoreCase(kind, "TEXT"u8);
            if (!isText && !Ascii.EqualsIgnoreCase(kind, "URL"u8))
            {
                reader.Fail("TEXT or URL expected", start);
            }

            reader.Space();
            if (reader.Failed || reader.AtEnd)
            {
                return isText ? LiteralUse.Part : LiteralUse.Url;
            }

            if (isText)
            {
                reader.Fail("a literal expected");
            }

            steps.Add(new AppendStep.Fetch(reader.Astring().ToArray()));
        }
        while (!reader.Failed && reader.NextElement());

        steps.Add(new AppendStep.End());
        return LiteralUse.None;
    }
}
