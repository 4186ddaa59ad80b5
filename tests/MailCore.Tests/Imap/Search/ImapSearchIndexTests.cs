using System.Globalization;
using System.Text;
using MailCore.Storage;
using MailCore.Tests.Storage.WrongStores;
using NUnit.Framework;

namespace MailCore.Tests.Imap.Search;

/// <summary>A store that knows from an index where texts may be: it is asked first, and what it says is checked.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapSearchIndexTests
{
    private const int Messages = 100;

    [TestCase("TEXT needle", "* SEARCH 7", 3)]
    [TestCase("BODY needle UNSEEN", "* SEARCH 7", 3)]
    [TestCase("TEXT needle 6:40", "* SEARCH 7", 1)]
    [TestCase("OR TEXT needle SUBJECT \"number 9\"", "* SEARCH 7 9 90 91 92 93 94 95 96 97 98 99", 2)]
    [TestCase("TEXT needle SUBJECT \"number 2\"", "* SEARCH", 0)]
    public async Task The_index_is_asked_first_and_checked(string criteria, string found, int opened)
    {
        await using var server = new ImapTestServer();
        var store = new Indexed(server.Store, "7,50,93");
        server.UseStore(store);
        await server.AddUserAsync();
        for (var i = 1; i <= Messages; i++)
        {
            await server.AppendAsync(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"Subject: number {i}\r\n\r\n{(i == 7 ? "A needle" : "hay")}\r\n")));
        }

        await using var client = await server.SelectedAsync();
        Assert.That((await client.OkAsync($"SEARCH {criteria}"))[0], Is.EqualTo(found));
        Assert.That((store.Asked, store.Opened), Is.EqualTo(("needle", opened)));
    }

    private sealed class Indexed(IMailStore inner, string candidates) : StoreWrapper(inner), IMessageSearch
    {
        public string? Asked { get; private set; }

        public int Opened { get; private set; }

        public ValueTask<UidSet?> FindCandidatesAsync(AccountId account, MailboxId mailbox, string text, MessageTextScope scope, CancellationToken cancellationToken)
        {
            Asked = text;
            return ValueTask.FromResult<UidSet?>(UidSet.Parse(candidates));
        }

        public override ValueTask<IContentReader?> OpenContentAsync(ContentId id, CancellationToken cancellationToken)
        {
            Opened++;
            return base.OpenContentAsync(id, cancellationToken);
        }
    }
}
