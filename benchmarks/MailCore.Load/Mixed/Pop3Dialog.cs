using System.Globalization;

namespace MailCore.Load.Mixed;

/// <summary>The client's side of a POP3 session.</summary>
internal sealed class Pop3Dialog(Wire wire)
{
    public async Task LogInAsync(bool implicitTls, string user, string password)
    {
        if (implicitTls)
        {
            await wire.SecureAsync();
        }

        await ExpectAsync("the connection");
        if (!implicitTls)
        {
            await RunAsync("STLS");
            await wire.SecureAsync();
        }

        await RunAsync($"USER {user}");
        await RunAsync($"PASS {password}");
    }

    public async Task<int> CountAsync() => int.Parse((await RunAsync("STAT")).Split(' ')[1], CultureInfo.InvariantCulture);

    public async Task<string> RunAsync(string command)
    {
        await wire.WriteAsync(command + "\r\n");
        return await ExpectAsync(command.StartsWith("PASS", StringComparison.Ordinal) ? "PASS" : command);
    }

    /// <summary>A command with an answer of many lines, dots removed.</summary>
    public async Task<byte[]> ReadAsync(string command)
    {
        await RunAsync(command);
        var octets = new MemoryStream();
        while (true)
        {
            var line = await wire.ReadLineOctetsAsync();
            if (line is [(byte)'.'])
            {
                return octets.ToArray();
            }

            octets.Write(line is [(byte)'.', ..] ? line.AsSpan(1) : line);
            octets.Write("\r\n"u8);
        }
    }

    private async Task<string> ExpectAsync(string command)
    {
        var reply = await wire.ReadLineAsync();
        return reply.StartsWith("+OK", StringComparison.Ordinal) ? reply : throw new UnexpectedReplyException(command, reply);
    }
}
