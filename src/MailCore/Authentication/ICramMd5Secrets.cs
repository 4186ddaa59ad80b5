namespace MailCore.Authentication;

/// <summary>Hands out passwords in the clear, for CRAM-MD5 (RFC 2195) and POP3's APOP. Whoever can do this should not want to. Thread-safe.</summary>
public interface ICramMd5Secrets
{
    /// <summary>The secret of a user; null for an unknown one.</summary>
    ValueTask<CramMd5Secret?> FindCramMd5SecretAsync(string user, AuthenticationContext context, CancellationToken cancellationToken);
}

/// <summary>What CRAM-MD5 compares with.</summary>
/// <param name="Secret">The password in UTF-8.</param>
/// <param name="Result">The answer to a client that proves it.</param>
public sealed record CramMd5Secret(ReadOnlyMemory<byte> Secret, AuthenticationResult Result);
