using System.Text;
using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 5161. What is not known is passed over.</summary>
internal sealed class EnableCommand(List<EnableCommand.Extension> extensions) : ImapCommand
{
    /// <summary>All that can be enabled.</summary>
    private static readonly Extension[] Known =
    [
        new("IMAP4rev2", ImapFeatures.Rev2),
        new("UTF8=ACCEPT", ImapFeatures.Utf8),
        new("CONDSTORE", ImapFeatures.CondStore),
        // RFC 7162 3.2.3: CONDSTORE is a part of it.
        new("QRESYNC", ImapFeatures.QResync | ImapFeatures.CondStore),
        new("UIDONLY", ImapFeatures.UidOnly),
    ];

    public static ImapCommand Parse(ref ImapReader reader)
    {
        var extensions = new List<Extension>();
        do
        {
            reader.Space();
            var name = reader.Atom();
            foreach (var known in Known)
            {
                if (Ascii.EqualsIgnoreCase(name, known.Name))
                {
                    extensions.Add(known);
                }
            }
        }
        while (!reader.Failed && !reader.AtEnd);

        return new EnableCommand(extensions);
    }

    public override ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        var wanted = extensions.Aggregate(session.Features, static (all, extension) => all | extension.Features);
        session.Writer.Raw("* ENABLED"u8);
        foreach (var known in Known)
        {
            // RFC 5161 3.2: those that are on from now on.
            if ((session.Features & known.Features) != known.Features && (wanted & known.Features) == known.Features)
            {
                session.Writer.Raw(" "u8).Raw(known.Name);
            }
        }

        session.Writer.Line();
        session.Enable(wanted);
        return ValueTask.FromResult(ImapReply.Ok("Enabled what is known"));
    }

    /// <param name="Name">As it is announced.</param>
    /// <param name="Features">What it turns on.</param>
    internal sealed record Extension(string Name, ImapFeatures Features);
}
