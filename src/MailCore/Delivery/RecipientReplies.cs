using MailCore.Messaging;

namespace MailCore.Delivery;

/// <summary>Joins what became of a recipient in several places.</summary>
internal static class RecipientReplies
{
    public static readonly SmtpReply LocalError = new(451, "4.3.0", "Local error, try again later");
    public static readonly SmtpReply NotConfigured = new(451, "4.3.5", "This server is not set up to deliver there");

    /// <summary>What can be mended by trying again comes first, then what can't.</summary>
    public static SmtpReply Worse(SmtpReply? one, SmtpReply other) => one is null || Weight(other) > Weight(one) ? other : one;

    /// <summary>The routes at the ends of a route.</summary>
    public static IEnumerable<RecipientRoute> Ends(RecipientRoute route) =>
        route is RecipientRoute.Expand expand ? expand.Targets.SelectMany(Ends) : [route];

    private static int Weight(SmtpReply reply) => reply.IsTransient ? 2 : reply.IsPositive ? 0 : 1;
}
