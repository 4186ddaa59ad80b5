using AspNetInbound;

// dotnet run -- HTTP-PORT SMTP-PORT: mail to support@example.org becomes a ticket on the page.
await using var app = TicketApp.Build(int.Parse(args[0]), int.Parse(args[1]));
await app.RunAsync();
