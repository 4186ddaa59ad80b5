using MailCore.Authentication;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Storage;
using MailCore.Storage.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace MailCore.Tests.Sqlite;

public sealed class SqliteBuilderTests
{
    [Test]
    public async Task UseSqliteStore_keeps_mail_accounts_passwords_and_state_in_one_folder()
    {
        using var folder = new SqliteTestFolder();
        var services = new ServiceCollection();
        services.AddMailServer(mail => mail.UseSqliteStore(folder.Path, static options => options.InlineContentLimit = 4096));
        await using (var provider = services.BuildServiceProvider())
        {
            Assert.That(provider.GetRequiredService<IMailStore>(), Is.SameAs(provider.GetRequiredService<SqliteMailStore>()));
            Assert.That(provider.GetRequiredService<IMailAuthenticator>(), Is.TypeOf<SqliteAuthenticator>());
            Assert.That(provider.GetRequiredService<IServerState>(), Is.TypeOf<SqliteServerState>());
            await provider.GetRequiredService<IMailDirectory>().CreateAsync(EmailAddress.Parse("anna@example.org"), null, CancellationToken.None);
        }

        // Disposing the container has closed the folder.
        await using var store = SqliteMailStore.Open(folder.Path);
        Assert.That(await new SqliteMailDirectory(store).ResolveAsync(EmailAddress.Parse("anna@example.org"), CancellationToken.None), Is.TypeOf<DirectoryEntry.Account>());
    }

    [Test]
    public void A_container_disposed_synchronously_closes_the_folder()
    {
        using var folder = new SqliteTestFolder();
        var services = new ServiceCollection();
        services.AddMailServer(mail => mail.UseSqliteStore(folder.Path));
        using (var provider = services.BuildServiceProvider())
        {
            provider.GetRequiredService<IMailStore>();
        }

        using var again = SqliteMailStore.Open(folder.Path);
        Assert.That(again.Folder, Is.EqualTo(folder.Path));
    }
}
