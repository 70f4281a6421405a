using System.Diagnostics;
using System.Security.Cryptography;

namespace Halo.Boards.Control;

/// <summary>What seals the bodies of a session. Both have 32-byte keys, 12-byte nonces and 16-byte tags.</summary>
public enum ControlCipher
{
    /// <summary>AES-256-GCM: the faster where the processor has AES instructions.</summary>
    Aes256Gcm,

    /// <summary>ChaCha20-Poly1305: the faster where it has none, as on a Raspberry Pi 4.</summary>
    ChaCha20Poly1305,
}

/// <summary>A cipher that one end has, and how fast it is there.</summary>
/// <param name="Name">Its name on the wire.</param>
/// <param name="MegabytesPerSecond">Sealing speed on one core, at least 1.</param>
internal sealed record CipherSpeed(string Name, int MegabytesPerSecond);

/// <summary>Which ciphers this machine has, and which one two machines should use.</summary>
internal static class CipherSpeeds
{
    private const int SampleBytes = 1 << 16;
    private const int Rounds = 4;

    private static readonly Lazy<CipherSpeed[]> s_measured = new(Measure);

    /// <summary>This machine's ciphers, fastest first; measured once, in a few milliseconds.</summary>
    internal static CipherSpeed[] Measured => s_measured.Value;

    internal static string Name(ControlCipher cipher) => cipher == ControlCipher.Aes256Gcm ? "aes-256-gcm" : "chacha20-poly1305";

    internal static ControlCipher? Find(string name) => name switch
    {
        "aes-256-gcm" => ControlCipher.Aes256Gcm,
        "chacha20-poly1305" => ControlCipher.ChaCha20Poly1305,
        _ => null,
    };

    /// <summary>The cipher that both have and in which a byte costs both together the least time; null where they share none.</summary>
    internal static ControlCipher? Choose(IEnumerable<CipherSpeed> own, IReadOnlyList<CipherSpeed> theirs) =>
        own.SelectMany(mine => theirs
                .Where(other => other.Name == mine.Name && Find(mine.Name) is not null)
                .Select(other => (Cipher: Find(mine.Name), Cost: Cost(mine) + Cost(other))))
            .OrderBy(pair => pair.Cost)
            .Select(pair => pair.Cipher)
            .FirstOrDefault();

    private static double Cost(CipherSpeed cipher) => 1.0 / Math.Max(1, cipher.MegabytesPerSecond);

    private static CipherSpeed[] Measure() =>
    [
        .. Enum.GetValues<ControlCipher>()
            .Where(BodySeal.IsSupported)
            .Select(cipher => new CipherSpeed(Name(cipher), Speed(cipher)))
            .OrderByDescending(cipher => cipher.MegabytesPerSecond),
    ];

    private static int Speed(ControlCipher cipher)
    {
        BodySeal seal = new(cipher, RandomNumberGenerator.GetBytes(BodySeal.KeyBytes));
        byte[] sample = new byte[SampleBytes];
        double best = double.MaxValue;
        for (int round = 0; round <= Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            seal.Seal((ulong)round, sample, []);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return Math.Max(1, (int)(SampleBytes / 1e6 / Math.Max(best, 1e-7)));
    }
}
