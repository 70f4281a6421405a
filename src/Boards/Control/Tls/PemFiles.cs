using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Halo.Boards.Control.Tls;

/// <summary>Reads certificates and keys from PEM files.</summary>
internal static class PemFiles
{
    /// <summary>All certificates of a file, in its order; at least one.</summary>
    /// <exception cref="TlsFileException">There is no such file, or nothing of use in it.</exception>
    internal static X509Certificate2Collection Certificates(string path)
    {
        X509Certificate2Collection found = [];
        Read(path, "certificates", () => found.ImportFromPemFile(path));
        return found.Count > 0
            ? found
            : throw new TlsFileException($"{path} has no certificate; it must be a PEM file with a line '-----BEGIN CERTIFICATE-----'.");
    }

    /// <summary>The first certificate of a file, with its private key.</summary>
    /// <param name="path">The certificate's file.</param>
    /// <param name="keyPath">The key's, where it is another one; not encrypted.</param>
    /// <exception cref="TlsFileException">One of them cannot be used.</exception>
    internal static X509Certificate2 WithKey(string path, string? keyPath)
    {
        string key = keyPath ?? path;
        X509Certificate2? certificate = null;
        Read(key, "the private key", () => certificate = X509Certificate2.CreateFromPemFile(path, key));
        return certificate!;
    }

    private static void Read(string path, string what, Action read)
    {
        try
        {
            read();
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new TlsFileException($"There is no file {path}, from which {what} should be read.", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new TlsFileException($"{path} cannot be read: {fault.Message}", fault);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            throw new TlsFileException($"{path}: {what} cannot be read: {fault.Message} It must be PEM, a key not encrypted and that of the certificate.", fault);
        }
    }
}
