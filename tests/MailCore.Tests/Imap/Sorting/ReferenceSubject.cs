using System.Text.RegularExpressions;

namespace MailCore.Tests.Imap.Sorting;

/// <summary>RFC 5256 2.1, step by step and by its grammar, with no thought of speed.</summary>
internal static partial class ReferenceSubject
{
    private const RegexOptions Options = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Singleline;

    public static (string Base, bool IsReply) Of(string subject)
    {
        var isReply = false;
        var text = Spaces.Replace(subject, " ");
        while (true)
        {
            for (Match trailer; (trailer = Trailer.Match(text)).Success; text = text[..trailer.Index])
            {
                isReply |= trailer.Value.Contains("fwd", StringComparison.OrdinalIgnoreCase);
            }

            for (var again = true; again;)
            {
                again = false;
                for (Match leader; (leader = Leader.Match(text)).Success; text = text[leader.Length..])
                {
                    isReply |= leader.Value != " ";
                    again = true;
                }

                if (Blob.Match(text) is { Success: true } blob && text[blob.Length..].Trim(' ').Length > 0)
                {
                    text = text[blob.Length..];
                    again = true;
                }
            }

            if (Forward.Match(text) is not { Success: true } forward)
            {
                return (text, isReply);
            }

            text = forward.Groups[1].Value;
            isReply = true;
        }
    }

    [GeneratedRegex("[ \t\r\n]+")]
    private static partial Regex Spaces { get; }

    [GeneratedRegex(@"(\(fwd\)| )\z", Options)]
    private static partial Regex Trailer { get; }

    [GeneratedRegex(@"\A((\[[^\[\]]*\] *)*(re|fwd?) *(\[[^\[\]]*\] *)?:| )", Options)]
    private static partial Regex Leader { get; }

    [GeneratedRegex(@"\A\[[^\[\]]*\] *", Options)]
    private static partial Regex Blob { get; }

    [GeneratedRegex(@"\A\[fwd:(.*)\]\z", Options)]
    private static partial Regex Forward { get; }
}
