using System.Net;
using MailCore.Smtp;
using MailCore.Storage;
using Microsoft.AspNetCore.Http;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>One message: looked at, marked, deleted; and mailboxes emptied.</summary>
internal sealed class MessageEndpoints(InboxServices inbox)
{
    private const int RemovedAtOnce = 1_000;

    public ValueTask<InboxProblem?> GetAsync(HttpContext http) => inbox.WithContentAsync(http, async message =>
    {
        var header = await message.ReadHeaderAsync(http.RequestAborted).ConfigureAwait(false);
        var record = inbox.FindRecord(message);
        var body = MessageView.Whole(message, header, record is null ? null : Describe(record), record?.Transcript is not null);
        await InboxJson.WriteAsync(http, body, InboxJson.Default.MessageBody).ConfigureAwait(false);
        return null;
    });

    public ValueTask<InboxProblem?> DeleteAsync(HttpContext http) => inbox.WithMessageAsync(http, async message =>
        Refusal() ?? Done(http, await message.Mailbox.RemoveAsync([message.Row.Uid], http.RequestAborted).ConfigureAwait(false)));

    public async ValueTask<InboxProblem?> EmptyAsync(HttpContext http)
    {
        if (Refusal() is { } refusal)
        {
            return refusal;
        }

        var (address, name) = (ListEndpoints.Text(http.Request.Query, "account"), ListEndpoints.Text(http.Request.Query, "mailbox"));
        foreach (var account in await inbox.Accounts.ListAsync(address, http.RequestAborted).ConfigureAwait(false))
        {
            if (await inbox.Accounts.OpenAsync(account, http.RequestAborted).ConfigureAwait(false) is not { } open)
            {
                continue;
            }

            foreach (var info in (await open.SnapshotAsync(http.RequestAborted).ConfigureAwait(false)).Mailboxes)
            {
                if (info.Messages > 0 && (name is null || info.Name == name)
                    && await EmptyAsync(open.OpenMailbox(info.Id), http.RequestAborted).ConfigureAwait(false) is { } problem)
                {
                    return problem;
                }
            }
        }

        http.Response.StatusCode = StatusCodes.Status204NoContent;
        return null;
    }

    public ValueTask<InboxProblem?> SeenAsync(HttpContext http) => inbox.WithMessageAsync(http, async message =>
    {
        if (await InboxJson.ReadAsync(http, InboxJson.Default.SeenBody).ConfigureAwait(false) is not { } body)
        {
            return InboxProblem.BadRequest("The body is JSON: {\"seen\": true}.");
        }

        var change = new FlagChange(body.Seen ? FlagMode.Add : FlagMode.Remove, SystemFlags.Seen);
        return Done(http, await message.Mailbox.SetFlagsAsync([message.Row.Uid], change, http.RequestAborted).ConfigureAwait(false));
    });

    private async ValueTask<InboxProblem?> EmptyAsync(Mailbox mailbox, CancellationToken cancellationToken)
    {
        if (await inbox.Accounts.ReadRowsAsync(mailbox, cancellationToken).ConfigureAwait(false) is not { } rows)
        {
            return null;
        }

        foreach (var uids in rows.Range(0, rows.Count).Select(static row => row.Uid).Chunk(RemovedAtOnce))
        {
            if (await mailbox.RemoveAsync(uids, cancellationToken).ConfigureAwait(false) is { Succeeded: false } result)
            {
                return Failed(result);
            }
        }

        return null;
    }

    private InboxProblem? Refusal() => inbox.Options.AllowsDelete ? null : InboxProblem.Forbidden("The host does not allow to delete messages.");

    private static InboxProblem? Done(HttpContext http, MailboxResult result)
    {
        if (!result.Succeeded)
        {
            return Failed(result);
        }

        http.Response.StatusCode = StatusCodes.Status204NoContent;
        return null;
    }

    private static InboxProblem Failed(MailboxResult result) => result.Error == CommitError.NoMailbox
        ? InboxProblem.NoMessage
        : new InboxProblem(StatusCodes.Status409Conflict, "The store refused", $"{result.Error}");

    private static EnvelopeBody Describe(RecordedMessage record)
    {
        var session = record.Session;
        return new EnvelopeBody(
            record.From.ToString(),
            [.. record.Recipients.Select(static address => address.ToString())],
            session.RemoteEndPoint is IPEndPoint remote ? remote.Address.ToString() : null,
            session.ClientName,
            session.TlsDescription,
            session.AuthenticatedUser);
    }
}
