using System.Net.Security;
using System.Runtime.InteropServices;
using System.Security.Authentication.ExtendedProtection;
using System.Text;

namespace MailCore.Tests.Authentication;

/// <summary>Channel bindings as the framework computes them at the client's end.</summary>
internal static class ClientBinding
{
    public static byte[] Of(SslStream client, string type)
    {
        var kind = type == "tls-unique" ? ChannelBindingKind.Unique : ChannelBindingKind.Endpoint;
        using var binding = client.TransportContext.GetChannelBinding(kind)!;
        var octets = new byte[binding.Size];
        Marshal.Copy(binding.DangerousGetHandle(), octets, 0, octets.Length);
        var prefix = octets.AsSpan().IndexOf(Encoding.ASCII.GetBytes(type + ":"));
        return octets[(prefix + type.Length + 1)..];
    }
}
