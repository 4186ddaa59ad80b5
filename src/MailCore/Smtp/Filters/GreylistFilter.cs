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
    private const int Octets = 2 * sizeof(long);

    private static readonly TimeSpan RenewEvery = TimeSpan.FromDays(1);

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

        var network = ClientNetworks.PoolOf(address);
        var networkKey = $"greylist/network/{network}";
        var trust = await GetAsync(networkKey, cancellationToken).ConfigureAwait(false);
        if (_options.TrustNetworkAfter > 0 && trust?.Returns >= _options.TrustNetworkAfter)
        {
            await RenewAsync(networkKey, trust.Value, cancellationToken).ConfigureAwait(false);
            return SmtpVerdict.Continue;
        }

        var key = Key(network, transaction.Envelope.From, recipient.Address);
        var triplet = await GetAsync(key, cancellationToken).ConfigureAwait(false);
        if (triplet is { Returns: > 0 } known)
        {
            await RenewAsync(key, known, cancellationToken).ConfigureAwait(false);
            return SmtpVerdict.Continue;
        }

        var now = _time.GetUtcNow();
        var left = (triplet?.At ?? now) + _options.Delay - now;
        if (left > TimeSpan.Zero)
        {
            if (triplet is null)
            {
                await SetAsync(key, new Seen(0, now), now + _options.RetryWindow, cancellationToken).ConfigureAwait(false);
            }

            return SmtpVerdict.Reject(new SmtpReply(451, "4.7.1", $"Greylisted, try again in {Math.Ceiling(left.TotalSeconds)} seconds"));
        }

        await SetAsync(networkKey, new Seen((trust?.Returns ?? 0) + 1, now), now + _options.RememberFor, cancellationToken).ConfigureAwait(false);
        await SetAsync(key, new Seen(1, now), now + _options.RememberFor, cancellationToken).ConfigureAwait(false);
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

    /// <summary>Makes what is known last from now on; once a day is enough, since a durable state is flushed each time.</summary>
    private async ValueTask RenewAsync(string key, Seen seen, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        if (now - seen.At >= RenewEvery)
        {
            await SetAsync(key, seen with { At = now }, now + _options.RememberFor, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<Seen?> GetAsync(string key, CancellationToken cancellationToken) =>
        await _state.GetAsync(key, cancellationToken).ConfigureAwait(false) is { Length: Octets } value
            ? new Seen(BinaryPrimitives.ReadInt64BigEndian(value), new DateTimeOffset(BinaryPrimitives.ReadInt64BigEndian(value.AsSpan(sizeof(long))), TimeSpan.Zero))
            : null;

    private ValueTask SetAsync(string key, Seen seen, DateTimeOffset expires, CancellationToken cancellationToken)
    {
        var octets = new byte[Octets];
        BinaryPrimitives.WriteInt64BigEndian(octets, seen.Returns);
        BinaryPrimitives.WriteInt64BigEndian(octets.AsSpan(sizeof(long)), seen.At.UtcTicks);
        return _state.SetAsync(key, octets, expires, cancellationToken);
    }

    /// <param name="Returns">How often a triplet (once) or the triplets of a network came back.</param>
    /// <param name="At">When it was first seen, or when it was last renewed after it came back.</param>
    private readonly record struct Seen(long Returns, DateTimeOffset At);
}
