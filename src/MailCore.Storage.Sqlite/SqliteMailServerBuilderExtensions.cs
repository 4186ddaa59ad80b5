using MailCore.Delivery;
using MailCore.Relay;
using MailCore.Storage;
using MailCore.Storage.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace MailCore.Hosting;

/// <summary>Puts a server on a <see cref="SqliteMailStore"/>.</summary>
public static class SqliteMailServerBuilderExtensions
{
    /// <summary>
    /// Keeps everything in one folder: mail, accounts with their passwords, and server state. Accounts configured with a password
    /// are made when the folder does not have them; what is kept there then counts. An authenticator or a directory of the host's
    /// own is named after this.
    /// </summary>
    /// <param name="mail">The server.</param>
    /// <param name="folder">Made when it does not exist; relative to the current folder. One process at a time can use it.</param>
    /// <param name="configure">Alters the options.</param>
    public static MailServerBuilder UseSqliteStore(this MailServerBuilder mail, string folder, Action<SqliteStoreOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(mail);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        mail.Services.AddSingleton(services =>
        {
            var options = new SqliteStoreOptions
            {
                TimeProvider = services.GetRequiredService<TimeProvider>(),
                LoggerFactory = services.GetRequiredService<ILoggerFactory>(),
            };
            configure?.Invoke(options);
            return SqliteMailStore.Open(folder, options);
        });
        mail.Services.AddSingleton(static services => new SqliteMailDirectory(services.GetRequiredService<SqliteMailStore>()));
        mail.Services.Replace(ServiceDescriptor.Singleton<IServerState>(static services => new SqliteServerState(services.GetRequiredService<SqliteMailStore>())));
        mail.Services.Replace(ServiceDescriptor.Singleton<IMessageTrace>(static services =>
            new SqliteMessageTrace(services.GetRequiredService<SqliteMailStore>(), services.GetRequiredService<ILogger<SqliteMessageTrace>>())));
        mail.Services.Replace(ServiceDescriptor.Singleton<IRelayQueue>(static services =>
            new SqliteRelayQueue(services.GetRequiredService<SqliteMailStore>(), services.GetRequiredService<ILogger<SqliteRelayQueue>>())));
        return mail
            .UseStore(static services => services.GetRequiredService<SqliteMailStore>())
            .UseDirectory(static services => services.GetRequiredService<SqliteMailDirectory>())
            .UseAuthenticator(static services => new SqliteAuthenticator(services.GetRequiredService<SqliteMailStore>()));
    }
}
