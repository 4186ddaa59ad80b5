using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace MailCore.LimitHost;

/// <summary>
/// Clients that log in, ten for a user, select INBOX and wait in IDLE; all in this one process. A line of input makes each of them take
/// what came meanwhile and end its IDLE.
/// </summary>
internal static class IdleClients
{
    private const int AtOnce = 50;

    public static async Task RunAsync(int port, bool isTls, int sessions)
    {
        var clients = new List<Stream>(sessions);
        for (var first = 0; first < sessions; first += AtOnce)
        {
            clients.AddRange(await Task.WhenAll(Enumerable.Range(first, Math.Min(AtOnce, sessions - first)).Select(number => ConnectAsync(port, isTls, number / 10))));
        }

        Report.Print("idle", clients.Count);
        await Console.In.ReadLineAsync();
        var answered = 0;
        foreach (var client in clients)
        {
            await client.WriteAsync("DONE\r\n"u8.ToArray());
            answered += (await ReadToAsync(client, "d ")).EndsWith("d OK Idled\r\n", StringComparison.Ordinal) ? 1 : 0;
        }

        Report.Print("answered", answered);
    }

    private static async Task<Stream> ConnectAsync(int port, bool isTls, int user)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        if (isTls)
        {
            var tls = new SslStream(stream);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                RemoteCertificateValidationCallback = static (_, _, _, _) => true,
            });
            stream = tls;
        }

        await stream.WriteAsync(Encoding.ASCII.GetBytes($"a LOGIN user{user} secret\r\nb SELECT INBOX\r\nd IDLE\r\n"));
        await ReadToAsync(stream, "+ ");
        return stream;
    }

    private static async Task<string> ReadToAsync(Stream stream, string start)
    {
        var text = new StringBuilder();
        var chunk = new byte[2048];
        while (!text.ToString().Split("\r\n").SkipLast(1).Any(line => line.StartsWith(start, StringComparison.Ordinal)))
        {
            var count = await stream.ReadAsync(chunk);
            if (count == 0)
            {
                throw new IOException($"The server closed: {text}");
            }

            text.Append(Encoding.ASCII.GetString(chunk, 0, count));
        }

        return text.ToString();
    }
}
