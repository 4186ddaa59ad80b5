namespace MailCore.Imap.Metadata;

/// <summary>How GETMETADATA reads (RFC 5464 4.2).</summary>
/// <param name="Depth">Levels below the entries named.</param>
/// <param name="MaxSize">Octets of a value that is told; null for any.</param>
internal readonly record struct MetadataOptions(int Depth, uint? MaxSize);
