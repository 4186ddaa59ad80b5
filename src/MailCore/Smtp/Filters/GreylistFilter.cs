using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Smtp.Filters;

/// <summary>How long first contacts wait.</summary>
public sealed class GreylistOptions
{
    /// <summary>From the first attempt until a retry is taken; 5 min by default.</summary>
    public TimeSpan Delay { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>From the first attempt until it is forgotten when no retry came; 2 days by default.</summary>
    public TimeSpan RetryWindow { get; set; } = TimeSpan.FromDays(2);

    /// <summary>How long those who came back pass at once, from their last message on; 35 days by default.</summary>
    public TimeSpan RememberFor { get; set; } = TimeSpan.FromDays(35);

    /// <summary>After so many that came back, everything from the same network passes; 5 by default, 0 for never.</summary>
    public int TrustNetworkAfter { get; set; } = 5;

    /// <summary>Clients that need not wait; loopback by default.</summary>
    public IList<IPNetwork> Exempt { get; } = ClientNetworks.Loopback();
}

/// <summary>
/// Answers 451 4.7.1 to the first RCPT of a network (/24 or /64), a sender and a recipient: servers come back, most spam programs do
/// not. What was seen is kept in <see cref="IServerState"/>. Authenticated clients don't wait.
/// </summary>
public sealed class GreylistFilter : ISmtpFilter
{
    private readonly GreylistOptions _options;
    private readonly IServerState _state;
    private readonly TimeProvider _time;

    /// <summary>Remembers in <paramref name="state"/>.</summary>
    public GreylistFilter(GreylistOptions options, IServerState state, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(time);
        (_options, _state, _time) = (options, state, time);
    }

    /// <inheritdoc/>
    public async ValueTask<SmtpVerdict> OnRecipientAsync(
        SmtpFilterContext context, MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(recipient);
        if (ClientNetworks.Stranger(context, _options.Exempt) is not { } address)
        {
            return SmtpVerdict.Continue;
        }

        var (network, now) = (ClientNetworks.PoolOf(address), _time.GetUtcNow());
        var trust = $"greylist/network/{network}";
        var returned = Number(await _state.GetAsync(trust, cancellationToken).ConfigureAwait(false)) ?? 0;
        if (_options.TrustNetworkAfter > 0 && returned >= _options.TrustNetworkAfter)
        {
            await SetAsync(trust, returned, now + _options.RememberFor, cancellationToken).ConfigureAwait(false);
            return SmtpVerdict.Continue;
        }

        // What is known of a triplet: 0 once it came back, before that the first attempt.
        var triplet = Key(network, transaction.Envelope.From, recipient.Address);
        var known = Number(await _state.GetAsync(triplet, cancellationToken).ConfigureAwait(false));
        if (known is not 0)
        {
            var first = known is { } ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : now;
            var left = first + _options.Delay - now;
            if (left > TimeSpan.Zero)
            {
                if (known is null)
                {
                    await SetAsync(triplet, now.UtcTicks, now + _options.RetryWindow, cancellationToken).ConfigureAwait(false);
                }

                return SmtpVerdict.Reject(new SmtpReply(451, "4.7.1", $"Greylisted, try again in {Math.Ceiling(left.TotalSeconds)} seconds"));
            }

            await SetAsync(trust, returned + 1, now + _options.RememberFor, cancellationToken).ConfigureAwait(false);
        }

        await SetAsync(triplet, 0, now + _options.RememberFor, cancellationToken).ConfigureAwait(false);
        return SmtpVerdict.Continue;
    }

    /// <summary>Of one length whatever the client says. Digits in a sender's name count as one: mailing lists number their messages there.</summary>
    private static string Key(string network, ReversePath from, EmailAddress to)
    {
        var sender = from.Address is { } address
            ? string.Concat(address.LocalPart.Select(static c => char.IsAsciiDigit(c) ? '#' : c)) + "@" + address.Domain
            : "";
        var text = $"{network}\n{sender}\n{to}".ToLowerInvariant();
        return "greylist/" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)), 0, 16);
    }

    private static long? Number(byte[]? value) => value is { Length: sizeof(long) } ? BinaryPrimitives.ReadInt64BigEndian(value) : null;

    private ValueTask SetAsync(string key, long value, DateTimeOffset expires, CancellationToken cancellationToken)
    {
        var octets = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(octets, value);
        return _state.SetAsync(key, octets, expires, cancellationToken);
    }
}
