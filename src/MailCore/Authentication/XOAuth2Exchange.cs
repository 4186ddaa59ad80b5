namespace MailCore.Authentication;

/// <summary>XOAUTH2, as Google and Microsoft describe it: user and token between %x01.</summary>
internal sealed class XOAuth2Exchange(LoginAttempt attempt) : TokenExchange(attempt)
{
    protected override string Status => "400";

    protected override bool TryParse(string text, out string user, out string token)
    {
        token = "";
        var end = text.IndexOf('\u0001', StringComparison.Ordinal);
        user = end > 5 && text.StartsWith("user=", StringComparison.Ordinal) ? text[5..end] : "";
        return user.Length is > 0 and <= 255 && !user.Any(char.IsControl) && text.EndsWith("\u0001\u0001", StringComparison.Ordinal) && TryFindToken(text[end..], out token);
    }
}
