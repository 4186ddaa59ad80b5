using Microsoft.AspNetCore.Http;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>A request that is refused, and why (RFC 9457).</summary>
internal sealed record InboxProblem(int Status, string Title, string Detail)
{
    public static InboxProblem NoMessage { get; } = new(StatusCodes.Status404NotFound, "No such message", "It was deleted, or never was.");

    public static InboxProblem NoPart { get; } = new(StatusCodes.Status404NotFound, "No such part", "The message has none of this kind or number.");

    public static InboxProblem NoTranscript { get; } = new(
        StatusCodes.Status404NotFound, "No transcript", "The host does not record sessions, or this one is too long ago, or the message came another way.");

    public static InboxProblem BadRequest(string detail) => new(StatusCodes.Status400BadRequest, "Bad request", detail);

    public static InboxProblem Forbidden(string detail) => new(StatusCodes.Status403Forbidden, "Forbidden", detail);

    public Task WriteAsync(HttpContext http)
    {
        http.Response.StatusCode = Status;
        return InboxJson.WriteAsync(http, new ProblemBody("about:blank", Title, Status, Detail), InboxJson.Default.ProblemBody, "application/problem+json");
    }
}
