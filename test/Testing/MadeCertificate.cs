using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Halo.Testing;

/// <summary>A certificate for TLS that a test makes.</summary>
public sealed class MadeCertificate : IDisposable
{
    private MadeCertificate(X509Certificate2 certificate) => Certificate = certificate;

    /// <summary>The certificate with its private key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>The certificate as PEM.</summary>
    public string Pem => Certificate.ExportCertificatePem() + "\n";

    /// <summary>Its private key as PEM.</summary>
    public string KeyPem
    {
        get
        {
            using ECDsa key = Certificate.GetECDsaPrivateKey()!;
            return key.ExportPkcs8PrivateKeyPem() + "\n";
        }
    }

    /// <summary>Makes a certificate that signs itself, valid now.</summary>
    /// <param name="host">The name or IP address it is for.</param>
    public static MadeCertificate For(string host) => For(host, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));

    /// <summary>Makes a certificate that signs itself.</summary>
    /// <param name="host">The name or IP address it is for.</param>
    /// <param name="from">When it begins to be valid.</param>
    /// <param name="to">When it ends.</param>
    /// <param name="authority">Signs it in its stead; null for none.</param>
    public static MadeCertificate For(string host, DateTimeOffset from, DateTimeOffset to, MadeCertificate? authority = null)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={host}", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(host);
        }

        request.CertificateExtensions.Add(names.Build());
        if (authority is null)
        {
            return new MadeCertificate(request.CreateSelfSigned(from, to));
        }

        using X509Certificate2 signed = request.Create(authority.Certificate, from, to, RandomNumberGenerator.GetBytes(8));
        return new MadeCertificate(signed.CopyWithPrivateKey(key));
    }

    /// <summary>Makes an authority, which signs others.</summary>
    public static MadeCertificate Authority()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        return new MadeCertificate(request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-30), DateTimeOffset.UtcNow.AddDays(30)));
    }

    /// <inheritdoc/>
    public void Dispose() => Certificate.Dispose();
}
