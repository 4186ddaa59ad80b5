using System.Text;
using MailCore.Messaging;
using MailCore.Smtp.Wire;

namespace MailCore.Smtp.Commands;

/// <summary>Parameters that belong to keywords of the host's own.</summary>
internal static class HostParameter
{
    /// <summary>Notes it where one of the keywords has it, and refuses it otherwise.</summary>
    public static SmtpReply? Take(
        IReadOnlyList<SmtpKeyword> keywords, Func<SmtpKeyword, IReadOnlyList<string>> select, in EsmtpParameters parameter, ref Dictionary<string, string?>? values)
    {
        foreach (var keyword in keywords)
        {
            foreach (var name in select(keyword))
            {
                if (Ascii.EqualsIgnoreCase(parameter.Keyword, name))
                {
                    values ??= new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
                    return values.TryAdd(name.ToUpperInvariant(), parameter.HasValue ? Encoding.ASCII.GetString(parameter.Value) : null)
                        ? null
                        : SmtpReplies.RepeatedParameter;
                }
            }
        }

        return SmtpReplies.UnknownParameter;
    }
}
