using System.IO.Pipelines;
using System.Text;
using MailCore.Messaging;
using MailCore.Mime;
using MailCore.Smtp.Wire;
using MailCore.Storage;

namespace MailCore.Smtp;

/// <summary>Edits asked for when the message was staged already.</summary>
internal static class MessageEditor
{
    /// <summary>Additions that no summary tells of go beside the content; for anything else it is staged once more.</summary>
    public static async ValueTask<StagedMessage> ApplyAsync(MailTransaction transaction, StagedMessage staged, SmtpSession session)
    {
        var edits = transaction.Headers;
        if (edits.All.All(static edit => edit.Kind == HeaderEditKind.Add && !IsSummarized(edit.Name)))
        {
            foreach (var edit in edits.All)
            {
                transaction.AddField(edit.Field);
            }

            edits.Clear();
            return staged;
        }

        var edited = await StageAgainAsync(transaction, staged, session).ConfigureAwait(false);
        edits.Clear();
        await staged.DisposeAsync().ConfigureAwait(false);
        return edited;
    }

    private static async ValueTask<StagedMessage> StageAgainAsync(MailTransaction transaction, StagedMessage staged, SmtpSession session)
    {
        var closed = session.Connection.Closed;
        var content = new MessageContent(default, await staged.Content.OpenAsync(closed).ConfigureAwait(false));
        var stream = content.AsStream();
        await using (stream.ConfigureAwait(false))
        {
            var octets = PipeReader.Create(stream);
            // A header that passed the limit the first time can only have grown by our own edits.
            var edited = new HeaderEditingReader(octets, int.MaxValue - 1);
            try
            {
                await edited.ReadHeaderAsync(closed).ConfigureAwait(false);
                edited.Apply(transaction.Headers);
                return await session.Services.Staging.StageAsync(edited, new StageHint(staged.Length, []), closed).ConfigureAwait(false);
            }
            finally
            {
                edited.Complete();
                await octets.CompleteAsync().ConfigureAwait(false);
            }
        }
    }

    private static bool IsSummarized(string name) => HeaderFieldNames.Find(Encoding.ASCII.GetBytes(name)) != HeaderFieldKind.Other;
}
