using System.Buffers;
using System.Buffers.Text;
using System.Text;
using MailCore.Authentication;
using MailCore.Net;
using MailCore.Pop3.Wire;

namespace MailCore.Pop3.Commands;

/// <summary>RFC 5034: the SASL profile, with an initial response. Without a mechanism it lists them, which some clients ask for.</summary>
internal static class AuthCommand
{
    private const int MaxMechanism = 20;

    public static ValueTask Run(Pop3Session session, Pop3Line line)
    {
        if (!session.Authentication.AllowsLogin)
        {
            session.RefuseCleartext();
            return ValueTask.CompletedTask;
        }

        var rest = line.Argument;
        var mechanism = Pop3Line.TakeWord(ref rest);
        if (mechanism.IsEmpty)
        {
            List(session);
            return ValueTask.CompletedTask;
        }

        // RFC 4422 3.1: 20 characters at the most.
        var exchange = mechanism.Length <= MaxMechanism && Ascii.IsValid(mechanism)
            ? session.Services.Login.Start(Encoding.ASCII.GetString(mechanism), session.Authentication)
            : null;
        if (exchange is null)
        {
            session.Output.Error("This mechanism is not known here"u8);
            return ValueTask.CompletedTask;
        }

        byte[]? initial = null;
        if (!rest.IsEmpty && (initial = Decode(rest)) is null)
        {
            session.RefuseBad("This is not base64"u8);
            return ValueTask.CompletedTask;
        }

        return ExchangeAsync(session, exchange, initial);
    }

    private static void List(Pop3Session session)
    {
        var output = session.Output;
        output.Ok("Mechanisms follow"u8);
        foreach (var name in session.Offer.Encoded)
        {
            output.Text(name.Span).EndLine();
        }

        output.EndList();
    }

    private static async ValueTask ExchangeAsync(Pop3Session session, ISaslExchange exchange, byte[]? response)
    {
        while (await session.RunLoginAsync(stop => exchange.StepAsync(response, stop)).ConfigureAwait(false) is { } step)
        {
            switch (step)
            {
                case SaslStep.Challenge challenge:
                    session.Output.Challenge(challenge.Data.Span);
                    break;
                case SaslStep.Done done:
                    await session.FinishLoginAsync(done.Result).ConfigureAwait(false);
                    return;
                default:
                    session.RefuseBad("The response does not fit the mechanism"u8);
                    return;
            }

            if (await session.ReadResponseAsync().ConfigureAwait(false) is not var (status, line)
                || !TryTake(session, status, line, out response))
            {
                return;
            }
        }
    }

    // Every client line is answered: what is refused here ends the exchange.
    private static bool TryTake(Pop3Session session, LineStatus status, in ReadOnlySequence<byte> line, out byte[]? response)
    {
        response = null;
        if (status == LineStatus.TooLong)
        {
            session.RefuseBad("Line too long"u8);
            return false;
        }

        var text = line.IsSingleSegment ? line.FirstSpan : line.ToArray();
        if (text.SequenceEqual("*"u8))
        {
            session.Output.Error("The exchange is cancelled"u8);
            return false;
        }

        response = text.IsEmpty ? [] : Decode(text);
        if (response is null)
        {
            session.RefuseBad("This is not base64"u8);
        }

        return response is not null;
    }

    // "=" stands for an initial response of no octets (RFC 5034 4).
    private static byte[]? Decode(ReadOnlySpan<byte> text)
    {
        if (text.SequenceEqual("="u8))
        {
            return [];
        }

        if (text.Length % 4 != 0 || text.Contains((byte)' ') || !Base64.IsValid(text, out var length))
        {
            return null;
        }

        var octets = new byte[length];
        return Base64.DecodeFromUtf8(text, octets, out _, out var written) == OperationStatus.Done && written == length ? octets : null;
    }
}
