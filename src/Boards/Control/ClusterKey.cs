using System.Security.Cryptography;
using System.Text;

namespace Halo.Boards.Control;

/// <summary>
/// The secret that all boards of a cluster share. Whoever has it may control every board; nothing of it is ever sent, logged or printed.
/// HKDF does not slow guessing down: take <see cref="Generate"/>'s text, not a word that people would think of.
/// </summary>
public sealed class ClusterKey
{
    /// <summary>Fewest characters of a key, white space at both ends not counted.</summary>
    public const int MinCharacters = 16;

    /// <summary>Most bytes of a key file.</summary>
    public const int MaxFileBytes = 4096;

    private const int KeyBytes = 32;
    private const char ByteOrderMark = (char)0xFEFF;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private readonly byte[] _presharedKey;
    private readonly byte[] _macKey;

    private ClusterKey(string text)
    {
        byte[] secret = Encoding.UTF8.GetBytes(text);
        _presharedKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, KeyBytes, info: "halo cluster key 1"u8.ToArray());
        _macKey = HKDF.Expand(HashAlgorithmName.SHA256, _presharedKey, KeyBytes, "halo handshake mac 1"u8.ToArray());
        CryptographicOperations.ZeroMemory(secret);
    }

    /// <summary>Takes a key from its text; white space at both ends does not count.</summary>
    /// <exception cref="ClusterKeyException">Fewer than <see cref="MinCharacters"/> characters.</exception>
    public static ClusterKey FromText(string text) => FromText(text, "The cluster key");

    /// <summary>Reads a key file.</summary>
    /// <param name="path">UTF-8 text of at most <see cref="MaxFileBytes"/> bytes.</param>
    /// <param name="warning">A sentence to show where other users of this machine may read or change the file; else null.</param>
    /// <exception cref="ClusterKeyException">The file is missing, cannot be read, or is too long or too short.</exception>
    public static ClusterKey Read(string path, out string? warning)
    {
        string text;
        try
        {
            using FileStream file = File.OpenRead(path);
            byte[] bytes = new byte[MaxFileBytes + 1];
            int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length > MaxFileBytes)
            {
                throw new ClusterKeyException($"The key file {path} has more than {MaxFileBytes} bytes, the most of a cluster key. Is it the right file?");
            }

            text = Encoding.UTF8.GetString(bytes, 0, length).TrimStart(ByteOrderMark);
            CryptographicOperations.ZeroMemory(bytes);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ClusterKeyException($"There is no key file {path}. Make one and copy it to every board.", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ClusterKeyException($"The key file {path} cannot be read: {fault.Message}", fault);
        }

        warning = OpenToOthers(path)
            ? $"Other users of this machine may read or change the key file {path}; close it to them with: chmod 600 {path}"
            : null;
        return FromText(text, $"The key file {path}");
    }

    /// <summary>The text of a new key: 32 random bytes in base64.</summary>
    public static string Generate() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes));

    /// <summary>Writes a new key to a new file that only its owner may read.</summary>
    /// <exception cref="ClusterKeyException">The file is there already, or cannot be written.</exception>
    public static void WriteNew(string path)
    {
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        try
        {
            using FileStream file = new(path, options);
            file.Write(Encoding.UTF8.GetBytes(Generate() + "\n"));
        }
        catch (IOException fault) when (File.Exists(path))
        {
            throw new ClusterKeyException(
                $"{path} is there already and stays as it is. Boards with another key would be locked out; delete it first if you mean that.", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ClusterKeyException($"The key file {path} cannot be written: {fault.Message}", fault);
        }
    }

    /// <summary>Says only what it is: the key is never shown.</summary>
    public override string ToString() => "cluster key";

    /// <summary>The tag of the handshake so far: 32 bytes.</summary>
    internal byte[] Mac(Transcript transcript) => HMACSHA256.HashData(_macKey, transcript.Bytes);

    /// <summary>Whether a tag is that of the handshake so far.</summary>
    internal bool Verify(Transcript transcript, ReadOnlySpan<byte> mac) => CryptographicOperations.FixedTimeEquals(Mac(transcript), mac);

    /// <summary>Mixes the key into a fresh secret: 32 bytes to derive a session's keys from.</summary>
    internal byte[] Mix(byte[] secret) => HKDF.Extract(HashAlgorithmName.SHA256, secret, _presharedKey);

    private static ClusterKey FromText(string text, string what)
    {
        string trimmed = text.Trim();
        return trimmed.Length >= MinCharacters
            ? new ClusterKey(trimmed)
            : throw new ClusterKeyException($"{what} has {trimmed.Length} characters; a cluster key has at least {MinCharacters}. Generate one rather than think of one.");
    }

    private static bool OpenToOthers(string path) => !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0;
}
