using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MailCore.Relay.Security;

/// <summary>How TLS went with the servers of one domain on one day of UTC (RFC 8460 4). Immutable.</summary>
public sealed record TlsReport
{
    /// <summary>Whom it is about and for.</summary>
    [JsonIgnore]
    public string Domain { get; init; } = "";

    /// <summary>Who reports.</summary>
    [JsonPropertyName("organization-name")]
    public required string OrganizationName { get; init; }

    /// <summary>The day.</summary>
    [JsonPropertyName("date-range")]
    public required TlsReportPeriod Period { get; init; }

    /// <summary>Who can be asked about it.</summary>
    [JsonPropertyName("contact-info")]
    public required string ContactInfo { get; init; }

    /// <summary>Tells it from others of the same sender.</summary>
    [JsonPropertyName("report-id")]
    public required string ReportId { get; init; }

    /// <summary>What the domain had published, and how it went.</summary>
    [JsonPropertyName("policies")]
    public required IReadOnlyList<TlsReportPolicy> Policies { get; init; }

    /// <summary>The name of the file (RFC 8460 5.1), compressed; <paramref name="sender"/> is the domain that reports.</summary>
    public string FileName(string sender) => string.Create(
        CultureInfo.InvariantCulture, $"{sender}!{Domain}!{new DateTimeOffset(Period.Start).ToUnixTimeSeconds()}!{new DateTimeOffset(Period.End).ToUnixTimeSeconds()}.json.gz");

    /// <summary>The file, uncompressed.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, TlsReportJson.Default.TlsReport);
}

/// <summary>From the first second to the last, in UTC.</summary>
public sealed record TlsReportPeriod(
    [property: JsonPropertyName("start-datetime")] DateTime Start,
    [property: JsonPropertyName("end-datetime")] DateTime End);

/// <summary>Sessions by one policy.</summary>
public sealed record TlsReportPolicy(
    [property: JsonPropertyName("policy")] TlsReportPolicyText Policy,
    [property: JsonPropertyName("summary")] TlsReportSummary Summary)
{
    /// <summary>The failures by kind and server; null where there were none.</summary>
    [JsonPropertyName("failure-details")]
    public IReadOnlyList<TlsReportFailure>? Failures { get; init; }
}

/// <summary>A policy as it was published.</summary>
/// <param name="Type">"sts", "tlsa" or "no-policy-found".</param>
/// <param name="Lines">Its lines, or the TLSA records; null for none.</param>
/// <param name="Domain">Whose it is.</param>
/// <param name="MxHosts">Patterns of hosts, with MTA-STS; null for none.</param>
public sealed record TlsReportPolicyText(
    [property: JsonPropertyName("policy-type")] string Type,
    [property: JsonPropertyName("policy-string")] IReadOnlyList<string>? Lines,
    [property: JsonPropertyName("policy-domain")] string Domain,
    [property: JsonPropertyName("mx-host")] IReadOnlyList<string>? MxHosts);

/// <summary>How many sessions.</summary>
public sealed record TlsReportSummary(
    [property: JsonPropertyName("total-successful-session-count")] long Successes,
    [property: JsonPropertyName("total-failure-session-count")] long Failures);

/// <summary>Failures of one kind at one server.</summary>
/// <param name="ResultType">By RFC 8460 4.3.</param>
/// <param name="SendingAddress">Our own address; null where there was no connection.</param>
/// <param name="Host">The server's name.</param>
/// <param name="ReceivingAddress">Its address; null where there was no connection.</param>
/// <param name="Sessions">How many.</param>
public sealed record TlsReportFailure(
    [property: JsonPropertyName("result-type")] string ResultType,
    [property: JsonPropertyName("sending-mta-ip")] string? SendingAddress,
    [property: JsonPropertyName("receiving-mx-hostname")] string Host,
    [property: JsonPropertyName("receiving-ip")] string? ReceivingAddress,
    [property: JsonPropertyName("failed-session-count")] long Sessions);

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TlsReport))]
internal sealed partial class TlsReportJson : JsonSerializerContext;
