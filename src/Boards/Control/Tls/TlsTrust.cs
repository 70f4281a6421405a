using System.Security.Cryptography.X509Certificates;

namespace Halo.Boards.Control.Tls;

/// <summary>Whom a client trusts over TLS, where that is not whom its machine trusts.</summary>
public sealed class TlsTrust
{
    private TlsTrust(X509Certificate2Collection certificates) => Certificates = certificates;

    internal X509Certificate2Collection Certificates { get; }

    /// <summary>Reads authorities' or servers' own certificates from a PEM file.</summary>
    /// <exception cref="TlsFileException">The file cannot be used.</exception>
    public static TlsTrust Read(string path) => new(PemFiles.Certificates(path));
}
