using System.Net;

namespace MailCore.Hosting;

/// <summary>An endpoint to be made for connections that something else accepts.</summary>
internal sealed record MailEndpointMaker(Func<EndPoint> Where, Func<MailServerBuilder, MailEndpointBuilder> Endpoint, IReadOnlyList<string> Names);
