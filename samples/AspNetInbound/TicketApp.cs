using System.Net;
using System.Text.Encodings.Web;
using MailCore.AspNetCore;
using MailCore.Messaging;

namespace AspNetInbound;

/// <summary>A web application that takes mail: Kestrel listens for both.</summary>
public static class TicketApp
{
    /// <summary>Ports may be 0. In the environment Development the mail of the accounts is shown at /mail.</summary>
    public static WebApplication Build(int httpPort, int smtpPort)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSingleton<TicketList>();
        builder.Services.AddScoped<TicketDesk>();
        builder.Services.AddHealthChecks().AddMailServer();
        builder.Services.AddMailServer(mail =>
        {
            mail.HostName = "localhost";
            mail.Domains.Add("example.org");
            mail.UseKestrel().AddAlias("help@example.org", "support@example.org");
            if (builder.Environment.IsDevelopment())
            {
                mail.UseInMemoryStore().RecordSessions().AddAccount("staff@example.org");
            }

            mail.MapInbound<TicketDesk>("support@example.org", async (m, desk, ct) =>
                await desk.OpenAsync(m, ct) ? SmtpReply.Ok : new SmtpReply(550, "5.6.0", "A ticket needs a subject"));
        });
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, httpPort);
            kestrel.Listen(IPAddress.Loopback, smtpPort, o => o.UseSmtp(smtp => smtp.UseCleartext()));
        });

        var app = builder.Build();
        app.UseHealthChecks("/health");
        app.MapGet("/", static context =>
        {
            context.Response.ContentType = "text/html; charset=utf-8";
            return context.Response.WriteAsync(Page(context.RequestServices.GetRequiredService<TicketList>()));
        });
        if (app.Environment.IsDevelopment())
        {
            app.MapMailInbox("/mail");
        }

        return app;
    }

    // All of a ticket is the sender's word.
    private static string Page(TicketList tickets)
    {
        var rows = tickets.All.Select(static ticket =>
            $"<li><b>{Encode(ticket.Subject)}</b> from {Encode(ticket.From)}, {ticket.Files.Count} files {Encode(string.Join(", ", ticket.Files))}<pre>{Encode(ticket.Text)}</pre></li>");
        return $"<!DOCTYPE html><title>Tickets</title><h1>Tickets</h1><ol>{string.Concat(rows)}</ol>";
    }

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}
