namespace MailCore.Smtp.Wire;

/// <summary>
/// The last path that a session read: one that sends much repeats its sender and, often, its recipient, and an address is three
/// objects. Case counts.
/// </summary>
internal struct PathCache
{
    private const int MaxOctets = 128;

    private byte[]? _octets;
    private SmtpPath _path;

    /// <inheritdoc cref="SmtpPath.TryParse"/>
    public bool TryParse(ReadOnlySpan<byte> text, out SmtpPath path)
    {
        if (_octets is { } known && text.StartsWith(known))
        {
            // What was a whole path once is one wherever it stands first: it ends with the '>' outside its quotes.
            path = _path;
            return true;
        }

        if (!SmtpPath.TryParse(text, out path))
        {
            return false;
        }

        if (path.Length <= MaxOctets && path.Address is not null)
        {
            (_octets, _path) = (text[..path.Length].ToArray(), path);
        }

        return true;
    }
}
