using System.Text;

namespace MailCore.Mime;

/// <summary>
/// A parameter of Content-Type or Content-Disposition, ready for BODYSTRUCTURE. RFC 2231 continuations are joined; a value with a
/// charset keeps its percent-encoded form under a name that ends in '*'.
/// </summary>
/// <param name="Name">As written, without the section number.</param>
/// <param name="Value">Without quotes; may hold octets outside ASCII, never CR, LF or NUL.</param>
public readonly record struct MimeParameter(ReadOnlyMemory<byte> Name, ReadOnlyMemory<byte> Value)
{
    /// <summary>For debuggers and logs.</summary>
    public override string ToString() => $"{Encoding.UTF8.GetString(Name.Span)}={Encoding.UTF8.GetString(Value.Span)}";
}
