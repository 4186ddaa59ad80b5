using MailCore.Authentication;
using MailCore.Imap.Mailboxes;
using MailCore.Imap.Metadata;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>
/// LIST (RFC 3501 6.3.8) with all of RFC 5258, special uses (RFC 6154), STATUS (RFC 5819), MYRIGHTS (RFC 8440) and METADATA (RFC 9590). Without any of their syntax children
/// and special uses are told all the same, since most clients want them.
/// </summary>
internal sealed class ListCommand(ListRequest request) : ImapCommand
{
    private readonly ListReturn _return = request.Return
        | (request.IsExtended ? ListReturn.None : ListReturn.Children | ListReturn.SpecialUse)
        | (request.Selection.HasFlag(ListSelection.Subscribed) ? ListReturn.Subscribed : ListReturn.None)
        | (request.Selection.HasFlag(ListSelection.SpecialUse) ? ListReturn.SpecialUse : ListReturn.None);

    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var request = reader.ListRequest();
        reader.End();
        return new ListCommand(request);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        if (request.Patterns.Count == 0 && !request.IsExtended)
        {
            session.Writer.Raw("* LIST (\\Noselect) \"/\" \"\""u8).Line();
            return ImapReply.Ok("That is the separator");
        }

        var withOthers = request.Patterns.Any(pattern => session.Namespaces.MayLeadToOthers(pattern.Beginning));
        var tree = new MailboxTree(await session.ListMailboxesAsync(withOthers), request.Selection);
        var isRecursive = request.Selection.HasFlag(ListSelection.RecursiveMatch);
        var unseen = isRecursive ? MailboxTree.Parents(tree.Selected.Where(name => !request.Matches(name))) : [];
        foreach (var name in isRecursive ? tree.SelectedAndAbove : tree.Selected)
        {
            // RFC 5258 3.5: a name that is there for what is below it says nothing new when all of that is told too.
            if (request.Matches(name) && (tree.Meets(name) || unseen.Contains(name)))
            {
                await WriteAsync(session, tree, name, hasChildInfo: isRecursive && tree.IsAboveSelected(name));
            }
        }

        return ImapReply.Ok("That is all");
    }

    private async ValueTask WriteAsync(ImapSession session, MailboxTree tree, string name, bool hasChildInfo)
    {
        var mailbox = tree.Find(name);
        var writer = session.Writer.Raw("* LIST ("u8);
        WriteAttributes(writer, tree, name, mailbox?.Info);
        writer.Raw(") \"/\" "u8).Mailbox(name);
        if (hasChildInfo)
        {
            writer.Raw(" (\"CHILDINFO\" ("u8).Raw(request.Selection.HasFlag(ListSelection.Subscribed) ? "\"SUBSCRIBED\""u8 : ""u8);
            if (request.Selection.HasFlag(ListSelection.SpecialUse))
            {
                writer.Raw(request.Selection.HasFlag(ListSelection.Subscribed) ? " "u8 : ""u8).Raw("\"SPECIAL-USE\""u8);
            }

            writer.Raw("))"u8);
        }

        writer.Line();
        if (mailbox is not null && _return.HasFlag(ListReturn.MyRights) && session.Services.HasAcl)
        {
            AclResponse.WriteMyRights(writer, name, mailbox.Rights);
        }

        if (mailbox is not null && request.Status.Count > 0 && MailboxPermissions.Allows(mailbox.Rights, MailboxOperation.Read))
        {
            await StatusResponse.WriteAsync(session, mailbox, request.Status);
        }

        if (mailbox is not null && request.Metadata.Count > 0 && session.Services.Accounts.Traits.HasFlag(StoreTraits.Metadata))
        {
            await WriteMetadataAsync(session, mailbox);
        }

        if (writer.WantsFlush)
        {
            await writer.FlushAsync(session.Aborted);
        }
    }

    private async ValueTask WriteMetadataAsync(ImapSession session, VisibleMailbox mailbox)
    {
        if (MailboxPermissions.Allows(mailbox.Rights, MailboxOperation.ReadMetadata))
        {
            var target = new MetadataTarget(mailbox.Mailbox, mailbox.Info, mailbox.Rights) { Name = mailbox.Info.Name };
            await MetadataResponse.WriteAsync(session, target, request.Metadata, default);
        }
    }

    private void WriteAttributes(ImapWriter writer, MailboxTree tree, string name, MailboxInfo? info)
    {
        var separator = ""u8;
        if (info is null)
        {
            writer.Raw(request.IsExtended || writer.Features.HasFlag(ImapFeatures.Rev2) ? "\\NonExistent"u8 : "\\Noselect"u8);
            separator = " "u8;
        }

        if (_return.HasFlag(ListReturn.Subscribed) && tree.IsSubscribed(name))
        {
            writer.Raw(separator).Raw("\\Subscribed"u8);
            separator = " "u8;
        }

        if (_return.HasFlag(ListReturn.Children))
        {
            writer.Raw(separator).Raw(tree.HasChildren(name) ? "\\HasChildren"u8 : "\\HasNoChildren"u8);
            separator = " "u8;
        }

        if (_return.HasFlag(ListReturn.SpecialUse) && info?.SpecialUse is { } use)
        {
            writer.Raw(separator).Raw(use);
        }
    }
}
