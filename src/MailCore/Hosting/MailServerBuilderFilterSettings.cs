using MailCore.Smtp;

namespace MailCore.Hosting;

/// <summary>Adds the filters of <see cref="FilterSettings"/> to the endpoints that they are for.</summary>
internal static class MailServerBuilderFilterSettings
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    public static void Apply(MailServerBuilder mail, SmtpEndpointBuilder smtp, FilterSettings? settings)
    {
        // What comes by LMTP was judged by whoever took it.
        if (settings is null || smtp.Options.Dialect.IsLmtp)
        {
            return;
        }

        if (!smtp.Options.Dialect.Equals(SmtpDialect.Submission))
        {
            ApplyToStrangers(mail, smtp, settings);
        }
        else if (settings.MessagesPerHour is { } count && IsCount(mail, count, nameof(settings.MessagesPerHour)))
        {
            smtp.UseRateLimit(limits => limits.MessagesPerIdentity = new(count, Hour));
        }

        if (settings.RefusedSenders.Count + settings.RefusedRecipients.Count > 0)
        {
            ApplyRules(mail, smtp, settings);
        }
    }

    private static void ApplyToStrangers(MailServerBuilder mail, SmtpEndpointBuilder smtp, FilterSettings settings)
    {
        if (settings.GreetingDelay is { } delay)
        {
            if (delay > TimeSpan.Zero)
            {
                smtp.UseEarlyTalkerDelay(options => options.Delay = delay);
            }
            else
            {
                Tell(mail, $"Filters:GreetingDelay is {delay}; it must be longer than nothing.");
            }
        }

        if (settings.Dnsbl.Find(static zone => !Messaging.EmailAddress.IsDomain(zone)) is { } bad)
        {
            Tell(mail, $"Filters:Dnsbl: '{bad}' is no DNS list. Write a zone such as zen.spamhaus.org.");
        }
        else if (settings.Dnsbl.Count > 0)
        {
            smtp.UseDnsbl(settings.Dnsbl);
        }

        if (settings.ClientNames)
        {
            smtp.UseClientNameChecks();
        }

        if (settings.Greylisting)
        {
            smtp.UseGreylisting(options => options.Delay = settings.GreylistDelay ?? options.Delay);
        }

        if (settings.MessagesPerHourFromAddress is { } count && IsCount(mail, count, nameof(settings.MessagesPerHourFromAddress)))
        {
            smtp.UseRateLimit(limits => limits.MessagesPerAddress = new(count, Hour));
        }
    }

    private static void ApplyRules(MailServerBuilder mail, SmtpEndpointBuilder smtp, FilterSettings settings)
    {
        try
        {
            smtp.UseAddressRules(rules =>
            {
                settings.RefusedSenders.ForEach(pattern => rules.RejectSender(pattern));
                settings.RefusedRecipients.ForEach(pattern => rules.RejectRecipient(pattern));
            });
        }
        catch (ArgumentException error)
        {
            Tell(mail, $"Filters: {error.Message}");
        }
    }

    private static bool IsCount(MailServerBuilder mail, int count, string key)
    {
        if (count < 1)
        {
            Tell(mail, $"Filters:{key} is {count}; it must be 1 or more.");
        }

        return count >= 1;
    }

    // Once, however many endpoints there are.
    private static void Tell(MailServerBuilder mail, string problem)
    {
        if (!mail.Problems.Contains(problem))
        {
            mail.Problems.Add(problem);
        }
    }
}
