using System.Buffers;
using System.Text;
using MailCore.Messaging;
using MailCore.Mime;
using MailCore.Storage;

namespace MailCore.Relay;

/// <summary>What a message itself says about the TLS that it travels by (RFC 8689).</summary>
internal enum MessageTls
{
    /// <summary>Nothing: what policies ask for.</summary>
    Usual,

    /// <summary>REQUIRETLS.</summary>
    Required,

    /// <summary><c>TLS-Required: No</c>: delivery is worth more than what the recipient's domain has published.</summary>
    NotRequired,
}

/// <summary>The header field <c>TLS-Required</c>.</summary>
internal static class TlsRequiredField
{
    /// <summary>Octets of a header that are looked at.</summary>
    public const int Limit = 64 * 1024;

    private const int FirstRead = 4 * 1024;

    /// <summary>REQUIRETLS is worth more than the field (RFC 8689 4.2).</summary>
    public static MessageTls Wish(Envelope envelope, bool isNotRequired) => envelope.RequireTls ? MessageTls.Required : isNotRequired ? MessageTls.NotRequired : MessageTls.Usual;

    /// <summary>Whether a message has the field once, saying No; a header longer than <see cref="Limit"/> says what its beginning does.</summary>
    public static async ValueTask<bool> IsNoAsync(StagedContent message, CancellationToken cancellationToken)
    {
        var reader = await message.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            for (var size = FirstRead; ; size = Limit)
            {
                var buffer = ArrayPool<byte>.Shared.Rent(size);
                try
                {
                    var count = await FillAsync(reader, buffer.AsMemory(0, size), cancellationToken).ConfigureAwait(false);
                    if (count < size || size == Limit || HasHeaderEnd(buffer.AsSpan(0, count)))
                    {
                        return IsNo(buffer.AsSpan(0, count));
                    }
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }
        }
    }

    private static bool IsNo(ReadOnlySpan<byte> message)
    {
        var (times, isNo) = (0, false);
        foreach (var field in new HeaderReader(message))
        {
            if (field.Is("TLS-Required"u8))
            {
                times++;
                isNo = Ascii.EqualsIgnoreCase(field.RawValue.Trim(" \t\r\n"u8), "No"u8);
            }
        }

        return times == 1 && isNo;
    }

    private static bool HasHeaderEnd(ReadOnlySpan<byte> octets) => octets.IndexOf("\n\r\n"u8) >= 0 || octets.IndexOf("\n\n"u8) >= 0 || octets.StartsWith("\r\n"u8);

    private static async ValueTask<int> FillAsync(IContentReader reader, Memory<byte> into, CancellationToken cancellationToken)
    {
        var filled = 0;
        while (filled < into.Length && await reader.ReadAsync(filled, into[filled..], cancellationToken).ConfigureAwait(false) is > 0 and var count)
        {
            filled += count;
        }

        return filled;
    }
}
