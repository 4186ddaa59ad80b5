// What pages leave to the reader. A page that means other things by these names has a file of its own here, by its name, in the place of this one.
global using static Names;

internal static class Names
{
    // Inside of AddMailServer(mail => ...) and MailServer.StartAsync(mail => ...).
    public static MailServerBuilder mail => throw new NotImplementedException();

    public static MailServer server => throw new NotImplementedException();

    // Of an ASP.NET app.
    public static WebApplicationBuilder builder => throw new NotImplementedException();

    public static WebApplication app => throw new NotImplementedException();

    // Inside of a method that has these at hand.
    public static IServiceProvider services => throw new NotImplementedException();

    public static Stream message => throw new NotImplementedException();

    public static CancellationToken ct => throw new NotImplementedException();

    public static Task HandleAsync(Envelope envelope, Stream message, CancellationToken cancellationToken) => throw new NotImplementedException();

    public static Task<bool> HoldsExecutableAsync(Stream message, CancellationToken ct) => throw new NotImplementedException();

    public static Task<bool> IsRightAsync(string user, string password, CancellationToken ct) => throw new NotImplementedException();

    public static Task<IConformanceTarget> MakeAsync(ConformanceOptions options) => throw new NotImplementedException();
}

internal sealed class AppDb : Microsoft.AspNetCore.Identity.EntityFrameworkCore.IdentityDbContext
{
    public Task AddTicketAsync(string sender, string? subject, string? text, CancellationToken ct) => throw new NotImplementedException();
}
