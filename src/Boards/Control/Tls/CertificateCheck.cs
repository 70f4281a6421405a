using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Halo.Boards.Control.Tls;

/// <summary>Whether a server's certificate is to be trusted, and if not, why in words.</summary>
/// <param name="trust">Whom to trust: authorities, or servers' own certificates; null for whom this machine trusts.</param>
/// <param name="now">The clock.</param>
internal sealed class CertificateCheck(X509Certificate2Collection? trust, TimeProvider now)
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>Why the certificate is not good enough; null where it is.</summary>
    /// <param name="host">The name or address by which the server is known.</param>
    /// <param name="certificate">What it showed.</param>
    /// <param name="between">What it showed beside.</param>
    /// <param name="errors">Whether the name fits; the rest is decided here.</param>
    internal string? Fault(string host, X509Certificate? certificate, X509Certificate2Collection between, SslPolicyErrors errors)
    {
        if (certificate is null)
        {
            return "it shows no certificate";
        }

        using X509Certificate2 shown = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return TimeFault(shown, now.GetUtcNow()) is { } timeFault ? $"its certificate {timeFault}"
            : !IsTrusted(shown, between) ? trust is null
                ? $"this machine trusts nobody who signed its certificate ({Name(shown)}): give the authority's or the board's own with --tls-trust FILE"
                : $"its certificate ({Name(shown)}) is not in the file of --tls-trust, nor signed by one that is"
            : errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
                ? $"its certificate is for {Names(shown)}, not for {host}: name the board as its certificate does, or give it a certificate for {host}"
            : null;
    }

    /// <summary>Why a certificate is not valid at a time; null where it is.</summary>
    internal static string? TimeFault(X509Certificate2 certificate, DateTimeOffset now) =>
        now > certificate.NotAfter ? Dated("has expired on", certificate.NotAfter)
        : now < certificate.NotBefore ? Dated("is not valid before", certificate.NotBefore)
        : null;

    private static string Dated(string what, DateTime date) =>
        string.Create(CultureInfo.InvariantCulture, $"{what} {date.ToUniversalTime():yyyy-MM-dd HH:mm} UTC");

    private bool IsTrusted(X509Certificate2 shown, X509Certificate2Collection between)
    {
        if (trust is not null && trust.Any(known => CryptographicOperations.FixedTimeEquals(known.RawDataMemory.Span, shown.RawDataMemory.Span)))
        {
            return true; // the board's own
        }

        using X509Chain chain = new();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // boards have no way to ask
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        chain.ChainPolicy.VerificationTime = now.GetUtcNow().LocalDateTime;
        chain.ChainPolicy.ExtraStore.AddRange(between);
        if (trust is not null)
        {
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(trust);
        }

        return chain.Build(shown);
    }

    private static string Name(X509Certificate2 certificate) => PlainText.Of(certificate.Subject, 100);

    private static string Names(X509Certificate2 certificate)
    {
        X509SubjectAlternativeNameExtension? names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        string[] all = names is null ? [] : [.. names.EnumerateDnsNames(), .. names.EnumerateIPAddresses().Select(address => address.ToString())];
        return all.Length > 0 ? PlainText.Of(string.Join(", ", all), 200) : Name(certificate);
    }
}
