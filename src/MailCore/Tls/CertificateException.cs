namespace MailCore.Tls;

/// <summary>A certificate can't be used; the message names the file and what is wrong with it.</summary>
public sealed class CertificateException : Exception
{
    /// <summary>With a message for the operator.</summary>
    public CertificateException(string message)
        : base(message)
    {
    }

    /// <summary>With a message for the operator and the cause.</summary>
    public CertificateException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
