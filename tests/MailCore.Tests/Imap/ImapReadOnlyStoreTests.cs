using MailCore.Storage;
using MailCore.Tests.Storage;
using MailCore.Tests.Storage.WrongStores;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

/// <summary>The engine over stores that claim less than all: it announces less, and refuses the rest in words.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapReadOnlyStoreTests
{
    [Test]
    public async Task A_store_that_can_only_be_read_opens_read_only_and_sets_no_seen()
    {
        await using var server = await ServerAsync(static inner => new ReadOnlyStore(inner));
        await using var client = await server.ClientAsync();
        var login = string.Join('\n', await client.OkAsync("LOGIN bob secret"), string.Join('\n', await client.OkAsync("CAPABILITY")));
        Assert.That(login, Does.Contain(" UIDPLUS").And.Not.Contain(" MOVE").And.Not.Contain("APPEND").And.Not.Contain("REPLACE").And.Not.Contain("CREATE-SPECIAL-USE").And.Not.Contain("FILTERS").And.Not.Contain("FUZZY"));

        var selected = await client.OkAsync("SELECT INBOX");
        Assert.That(selected[^1], Does.Contain("[READ-ONLY]"));
        Assert.That(selected, Has.Some.Contains("[PERMANENTFLAGS ()]"));
        await client.OkAsync("FETCH 1 (BODY[] ENVELOPE)");
        Assert.That(await client.OkAsync("FETCH 1 FLAGS"), Has.None.Contains("\\Seen"));
        foreach (var refused in new[] { "STORE 1 +FLAGS (\\Seen)", "COPY 1 INBOX", "EXPUNGE", "CREATE x", "APPEND INBOX {3+}\r\nabc", "APPEND INBOX {3}", "REPLACE 1 INBOX {3}" })
        {
            Assert.That((await client.RunAsync(refused))[^1], Does.Contain(" NO ["), refused);
        }
    }

    [Test]
    public async Task A_store_that_takes_no_flags_but_messages_opens_read_write_and_fetches()
    {
        await using var server = await ServerAsync(static inner => new AppendOnlyStore(inner));
        await using var client = await server.ClientAsync();
        await client.OkAsync("LOGIN bob secret");
        Assert.That(await client.OkAsync("CAPABILITY"), Has.Some.Contains(" MULTIAPPEND").And.None.Contains(" REPLACE"));
        var selected = await client.OkAsync("SELECT INBOX");
        Assert.That(selected[^1], Does.Contain("[READ-WRITE]"));
        Assert.That(selected, Has.Some.Contains("[PERMANENTFLAGS ()]"));
        await client.OkAsync("FETCH 1 BODY[]");
        Assert.That(await client.OkAsync("FETCH 1 FLAGS"), Has.None.Contains("\\Seen"));
        Assert.That((await client.RunAsync("STORE 1 +FLAGS (\\Seen)"))[^1], Does.Contain(" NO [CANNOT]"));
    }

    private static async Task<ImapTestServer> ServerAsync(Func<IMailStore, IMailStore> wrap)
    {
        var server = new ImapTestServer();
        await server.AddUserAsync();
        await server.AppendAsync("Subject: x\r\n\r\nbody\r\n"u8.ToArray());
        server.UseStore(wrap(server.Store));
        return server;
    }

    private sealed class AppendOnlyStore(IMailStore inner) : StoreWrapper(inner)
    {
        public override StoreTraits Traits => StoreTraits.FaithfulContent | StoreTraits.Append;

        public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken) =>
            batches.Any(static batch => batch.Changes.Any(static change => change is SetFlags))
                ? [.. batches.Select(static _ => new CommitResult(CommitError.NotSupported, 0, null, []))]
                : await Inner.CommitAsync(batches, cancellationToken);
    }
}
