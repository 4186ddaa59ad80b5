using System.Text;
using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 5255 3. Texts are in English, which serves for the default of RFC 2277 4.5 as well.</summary>
internal sealed class LanguageCommand(List<string> ranges) : ImapCommand
{
    private const string English = "en";
    private const string Default = "i-default";

    public static ImapCommand Parse(ref ImapReader reader)
    {
        var ranges = new List<string>();
        while (reader.TrySpace())
        {
            ranges.Add(Encoding.ASCII.GetString(reader.Astring()).ToLowerInvariant());
        }

        reader.End();
        return new LanguageCommand(ranges);
    }

    public override ValueTask<ImapReply> RunAsync(ImapSession session) => ValueTask.FromResult(Run(session));

    // The first range that finds a language counts.
    private ImapReply Run(ImapSession session)
    {
        if (ranges.Count == 0)
        {
            session.Writer.Raw("* LANGUAGE (en i-default)"u8).Line();
            return ImapReply.Ok("These are the languages");
        }

        if (ranges.Select(Find).FirstOrDefault(static language => language is not null) is not { } found)
        {
            return ImapReply.No("There are no texts in this language", "CANNOT");
        }

        session.Writer.Raw("* LANGUAGE ("u8).Raw(found).Raw(")"u8).Line();
        return ImapReply.Ok("Texts are in English");
    }

    // RFC 4647 3.4: "en-GB" finds "en". The server's own choice is the default.
    private static string? Find(string range) =>
        range is "default" or "*" or Default ? Default
        : range == English || range.StartsWith("en-", StringComparison.Ordinal) ? English
        : null;
}
