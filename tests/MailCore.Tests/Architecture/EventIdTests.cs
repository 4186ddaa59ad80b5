using System.Reflection;
using MailCore.Storage.Sqlite;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace MailCore.Tests.Architecture;

public class EventIdTests
{
    [Test]
    public void Every_log_message_has_an_event_id_of_its_own()
    {
        var events =
            from assembly in new[] { typeof(MailServer).Assembly, typeof(SqliteMailStore).Assembly, typeof(MailCore.AspNetCore.IdentityMailOptions).Assembly }
            from type in assembly.GetTypes()
            from method in type.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            let message = method.GetCustomAttribute<LoggerMessageAttribute>()
            where message is not null
            select (message.EventId, Name: $"{type.Name}.{method.Name}");
        var all = events.ToList();

        Assert.That(all, Has.Count.GreaterThan(10));
        Assert.That(all.Where(static found => found.EventId <= 0), Is.Empty);
        Assert.That(all.GroupBy(static found => found.EventId).Where(static group => group.Count() > 1).SelectMany(static group => group), Is.Empty);
    }
}
