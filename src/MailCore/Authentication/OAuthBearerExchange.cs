namespace MailCore.Authentication;

/// <summary>RFC 7628: a GS2 header, then key=value pairs between %x01, one of them the HTTP authorization with its token.</summary>
internal sealed class OAuthBearerExchange(LoginAttempt attempt) : TokenExchange(attempt)
{
    protected override string Status => "invalid_token";

    protected override bool TryParse(string text, out string user, out string token)
    {
        (user, token) = ("", "");
        // There is no channel binding with a bearer token here.
        if (text.Split(',', 3) is not ["n" or "y", var authorization, ['\u0001', .. var pairs]] || !pairs.EndsWith("\u0001\u0001", StringComparison.Ordinal))
        {
            return false;
        }

        return (authorization.Length == 0 || (authorization.StartsWith("a=", StringComparison.Ordinal) && ScramText.TryDecodeName(authorization[2..], out user)))
            && TryFindToken(pairs, out token);
    }
}
