using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace MailCore.Tls;

/// <summary>How certificates from files are chosen and renewed.</summary>
/// <param name="DefaultName">Clients that name nobody, or nobody we know, get the certificate for this name; the first one where none is.</param>
/// <param name="CheckInterval">Handshakes look for changed files no more often than this.</param>
internal sealed record CertificateReloading(string DefaultName, TimeSpan CheckInterval);

/// <summary>
/// Certificates that are read again when their files change. Sessions go on with what they began with; a file that can't be used is
/// logged, once, and the certificate that it was to replace stays.
/// </summary>
/// <remarks>
/// Threading: a handshake that finds the interval over does the check; those beside it use what there was. What they read is replaced
/// as a whole.
/// </remarks>
internal sealed partial class ReloadingCertificates : IServerCertificates
{
    private readonly Func<IReadOnlyList<CertificateFiles>> _find;
    private readonly CertificateReloading _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private Dictionary<CertificateFiles, Entry> _entries = [];
    private string? _findProblem;
    private volatile Choice _choice;
    private long _checked;
    private int _checking;

    /// <exception cref="CertificateException">None can be used; the message tells of each.</exception>
    public ReloadingCertificates(Func<IReadOnlyList<CertificateFiles>> find, CertificateReloading options, TimeProvider time, ILogger<ReloadingCertificates> logger)
    {
        (_find, _options, _time, _logger) = (find, options, time, logger);
        _checked = time.GetTimestamp();
        var problems = new List<string>();
        _entries = Read(find(), problems.Add);
        _choice = Choose() ?? throw new CertificateException(string.Join(Environment.NewLine, problems));
        problems.ForEach(LogUnusable);
    }

    /// <summary>Told of each certificate that takes another's place, within a handshake: it must return at once and not throw.</summary>
    public Action<ServerCertificate>? Renewed { get; init; }

    public SslStreamCertificateContext Select(string? serverName)
    {
        if (_time.GetElapsedTime(Volatile.Read(ref _checked)) >= _options.CheckInterval && Interlocked.Exchange(ref _checking, 1) == 0)
        {
            try
            {
                Check();
            }
            finally
            {
                Volatile.Write(ref _checked, _time.GetTimestamp());
                Volatile.Write(ref _checking, 0);
            }
        }

        return _choice.For(serverName).Select(serverName);
    }

    private void Check()
    {
        try
        {
            _entries = Read(_find(), LogUnusable);
            _choice = Choose() ?? _choice;
            _findProblem = null;
        }
        catch (CertificateException error) when (error.Message == _findProblem)
        {
        }
        catch (CertificateException error)
        {
            _findProblem = error.Message;
            LogUnusable(error.Message);
        }
    }

    private Dictionary<CertificateFiles, Entry> Read(IReadOnlyList<CertificateFiles> all, Action<string> tell)
    {
        var entries = new Dictionary<CertificateFiles, Entry>();
        foreach (var files in all)
        {
            // Before reading: a file that changes meanwhile is read again next time.
            var stamp = files.Stamp();
            var known = _entries.GetValueOrDefault(files);
            if (known?.Stamp == stamp)
            {
                entries[files] = known;
                continue;
            }

            var read = TryRead(files, tell);
            entries[files] = new Entry(stamp, read ?? known?.Certificate);
            if (read is not null && known?.Certificate is not null)
            {
                Renewed?.Invoke(read);
            }
        }

        return entries;
    }

    private ServerCertificate? TryRead(CertificateFiles files, Action<string> tell)
    {
        try
        {
            var certificate = files.Read(_time);
            LogUsing(files, certificate.Certificate.NotAfter.ToUniversalTime(), string.Join(' ', Names(certificate).DefaultIfEmpty("no DNS name")));
            return certificate;
        }
        catch (CertificateException error)
        {
            tell(error.Message);
            return null;
        }
    }

    private Choice? Choose()
    {
        var usable = _entries.Values.Select(static entry => entry.Certificate).OfType<ServerCertificate>().ToList();
        if (usable.Count == 0)
        {
            return null;
        }

        var byName = new Dictionary<string, ServerCertificate>(StringComparer.OrdinalIgnoreCase);
        foreach (var certificate in usable)
        {
            foreach (var name in Names(certificate))
            {
                byName.TryAdd(name, certificate);
            }
        }

        var choice = new Choice(usable[0], byName);
        return choice with { Default = choice.For(_options.DefaultName) };
    }

    private static IEnumerable<string> Names(ServerCertificate certificate) =>
        certificate.Certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(static names => names.EnumerateDnsNames());

    [LoggerMessage(EventId = 1201, Level = LogLevel.Information, Message = "Using the certificate in {File}, valid until {NotAfter:u}, for {Names}")]
    private partial void LogUsing(CertificateFiles file, DateTime notAfter, string names);

    [LoggerMessage(EventId = 1202, Level = LogLevel.Error, Message = "A certificate can't be used: {Problem}")]
    private partial void LogUnusable(string problem);

    /// <summary>One certificate's files as last seen, and what was read from them or, failing that, before.</summary>
    private sealed record Entry(string Stamp, ServerCertificate? Certificate);

    private sealed record Choice(ServerCertificate Default, Dictionary<string, ServerCertificate> ByName)
    {
        public ServerCertificate For(string? name)
        {
            if (name is null)
            {
                return Default;
            }

            if (ByName.TryGetValue(name, out var exact))
            {
                return exact;
            }

            // RFC 6125 6.4.3: a wildcard stands for one label.
            var dot = name.IndexOf('.', StringComparison.Ordinal);
            return dot > 0 && ByName.TryGetValue("*" + name[dot..], out var wild) ? wild : Default;
        }
    }
}
