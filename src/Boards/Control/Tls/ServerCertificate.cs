using System.Globalization;
using System.Security.Cryptography.X509Certificates;

namespace Halo.Boards.Control.Tls;

/// <summary>What a control endpoint shows of itself over TLS.</summary>
/// <param name="Certificate">Its own certificate, with the private key.</param>
/// <param name="Chain">All certificates of the file: its own, and those between it and the authority that clients trust.</param>
public sealed record ServerCertificate(X509Certificate2 Certificate, X509Certificate2Collection Chain) : IDisposable
{
    /// <summary>Reads it from PEM files.</summary>
    /// <param name="path">The certificate, and after it those between it and a trusted authority.</param>
    /// <param name="keyPath">The private key; null where it is in the same file.</param>
    /// <param name="now">The time, at which the certificate must be valid.</param>
    /// <exception cref="TlsFileException">A file cannot be used, or the certificate is not valid now.</exception>
    public static ServerCertificate Read(string path, string? keyPath, DateTimeOffset now)
    {
        X509Certificate2Collection chain = PemFiles.Certificates(path);
        X509Certificate2 certificate = PemFiles.WithKey(path, keyPath);
        if (CertificateCheck.TimeFault(certificate, now) is { } fault)
        {
            throw new TlsFileException($"The certificate in {path} {fault}: make a new one, or set this machine's clock.");
        }

        return new ServerCertificate(certificate, chain);
    }

    /// <inheritdoc/>
    public void Dispose() => Certificate.Dispose();

    /// <summary>Says what it is for, not what it is.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"certificate of {Certificate.Subject}");
}
