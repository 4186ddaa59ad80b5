using System.IO.Pipelines;
using System.Net;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace MailCore.LimitHost;

/// <summary>A server that takes messages by SMTP and keeps nothing; it ends with its input.</summary>
internal static class SinkScenario
{
    public static async Task RunAsync(long maxMessageSize)
    {
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.Services.AddSingleton<IMessageStaging, DroppingStaging>();
            var smtp = mail.ListenSmtp(0, smtp => smtp.Options.MaxMessageSize = maxMessageSize);
            smtp.OnMessage(static (_, _, _) => ValueTask.FromResult(SmtpReply.Ok));
            smtp.On(IPAddress.Loopback).UseCleartext();
        });
        Report.Print("smtp", server.Endpoints["smtp"].Port);
        while (await Console.In.ReadLineAsync() is not null)
        {
            GC.Collect();
            Report.PrintMemory();
            Report.Print("heap", GC.GetTotalMemory(forceFullCollection: true));
        }
    }

    private sealed class DroppingStaging : IMessageStaging
    {
        public async ValueTask<StagedMessage> StageAsync(PipeReader message, StageHint hint, CancellationToken cancellationToken)
        {
            ReadResult result;
            do
            {
                result = await message.ReadAsync(cancellationToken);
                message.AdvanceTo(result.Buffer.End);
            }
            while (!result.IsCompleted);

            return new StagedMessage(new Nothing(), ReadOnlyMemory<byte>.Empty);
        }
    }

    private sealed class Nothing : StagedContent, IContentReader
    {
        public override ContentId Id => new("nothing");

        public override long Length => 0;

        public override ValueTask<IContentReader> OpenAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IContentReader>(this);

        public ValueTask<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken) => ValueTask.FromResult(0);

        public override ValueTask DisposeAsync() => default;
    }
}
