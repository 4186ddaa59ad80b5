using MailCore.Imap.View;

namespace MailCore.Imap.Threads;

/// <summary>Writes a THREAD response (RFC 5256 4), however deep the threads are.</summary>
internal sealed class ThreadWriter(ImapSession session, MessageThreads threads, bool areUids)
{
    private readonly MessageNumbers _numbers = session.Selection!.Messages.Numbers;

    // Nodes whose siblings are still to be written, each in its own parentheses.
    private readonly Stack<int> _open = new();

    public async ValueTask WriteAsync(ThreadTree tree)
    {
        session.Writer.Raw("* THREAD"u8).Raw(tree.Roots.Count > 0 ? " "u8 : ""u8);
        for (var i = 0; i < tree.Roots.Count; i++)
        {
            await WriteThreadAsync(tree, tree.Roots[i]);
        }

        session.Writer.Line();
    }

    private async ValueTask WriteThreadAsync(ThreadTree tree, int root)
    {
        Open(root);
        var node = root;
        while (true)
        {
            var child = tree.FirstChildOf(node);
            if (child >= 0)
            {
                var isOnly = tree.NextSiblingOf(child) < 0;
                session.Writer.Raw(threads.SequenceOf(node) == 0 ? ""u8 : " "u8);
                if (isOnly)
                {
                    Write(child);
                }
                else
                {
                    _open.Push(child);
                    Open(child);
                }

                node = child;
            }
            else
            {
                session.Writer.Raw(")"u8);
                if (!TryNextSibling(tree, out node))
                {
                    return;
                }
            }

            if (session.Writer.WantsFlush)
            {
                await session.Writer.FlushAsync(session.Aborted);
            }
        }
    }

    private bool TryNextSibling(ThreadTree tree, out int node)
    {
        node = -1;
        while (_open.TryPop(out var written))
        {
            node = tree.NextSiblingOf(written);
            if (node >= 0)
            {
                _open.Push(node);
                Open(node);
                return true;
            }

            // The last of the siblings ends the list in which they stand.
            session.Writer.Raw(")"u8);
        }

        return false;
    }

    private void Open(int node)
    {
        session.Writer.Raw("("u8);
        Write(node);
    }

    private void Write(int node)
    {
        if (threads.SequenceOf(node) is var sequence and > 0)
        {
            session.Writer.Number(areUids ? _numbers.UidAt(sequence).Value : sequence);
        }
    }
}
