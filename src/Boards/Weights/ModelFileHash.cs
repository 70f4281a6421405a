using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Halo.Boards.Weights;

/// <summary>
/// SHA-256 of model files. Reading gigabytes takes a while, so a result is remembered in a small file, for as long as the model file keeps its
/// path, size and time of last change.
/// </summary>
public static class ModelFileHash
{
    private const int ReadAtOnce = 1 << 20;

    /// <summary>Computes or remembers a file's SHA-256.</summary>
    /// <param name="path">The model file.</param>
    /// <param name="memory">The folder that results are remembered in; it is made where it is missing.</param>
    /// <param name="progress">Told the bytes read so far, about once a megabyte.</param>
    /// <param name="cancellation">Gives up; nothing is remembered.</param>
    /// <returns>64 lower-case hexadecimal digits.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="IOException">The file cannot be read, or was changed meanwhile.</exception>
    public static async Task<string> ComputeAsync(string path, string memory, IProgress<long>? progress, CancellationToken cancellation)
    {
        FileInfo file = new(Path.GetFullPath(path));
        string sidecar = Path.Combine(memory, NameOf(file));
        RememberedHash before = Describe(file);
        if (await RecallAsync(sidecar, cancellation) is { } remembered && remembered with { Sha256 = "" } == before && IsHash(remembered.Sha256))
        {
            return remembered.Sha256;
        }

        string hash = await ReadAsync(file.FullName, progress, cancellation);
        file.Refresh();
        if (Describe(file) != before)
        {
            throw new IOException($"{path} was changed while it was read; try again when it is complete.");
        }

        Remember(sidecar, before with { Sha256 = hash });
        return hash;
    }

    private static async Task<string> ReadAsync(string path, IProgress<long>? progress, CancellationToken cancellation)
    {
        await using FileStream stream = new(
            path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[ReadAtOnce];
        long done = 0;
        for (int count; (count = await stream.ReadAsync(buffer, cancellation)) > 0;)
        {
            hash.AppendData(buffer, 0, count);
            done += count;
            progress?.Report(done);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static RememberedHash Describe(FileInfo file) => new(file.FullName, file.Length, file.LastWriteTimeUtc.Ticks, "");

    private static string NameOf(FileInfo file)
    {
        string digits = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file.FullName)));
        return string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileNameWithoutExtension(file.Name)}-{digits.AsSpan(0, 16)}.sha256.json");
    }

    private static bool IsHash(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    // What cannot be read is as good as not there: the file is hashed again and the sidecar replaced.
    private static async Task<RememberedHash?> RecallAsync(string sidecar, CancellationToken cancellation)
    {
        try
        {
            string json = await File.ReadAllTextAsync(sidecar, cancellation);
            return JsonSerializer.Deserialize(json, RememberedHashJson.Default.RememberedHash);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    // A folder that cannot be written to costs the next start the time of hashing again, not this one its result.
    private static void Remember(string sidecar, RememberedHash entry)
    {
        string part = $"{sidecar}.{Guid.NewGuid():N}{CacheFolder.PartSuffix}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(sidecar))!);
            File.WriteAllText(part, JsonSerializer.Serialize(entry, RememberedHashJson.Default.RememberedHash));
            File.Move(part, sidecar, overwrite: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            CacheFolder.TryDelete(part);
        }
    }
}

/// <summary>A hash with what must still be so for it to hold.</summary>
/// <param name="Path">The file's full path.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="ChangedTicks">Its last change, UTC, in 100 ns.</param>
/// <param name="Sha256">64 lower-case hexadecimal digits.</param>
internal sealed record RememberedHash(string Path, long Bytes, long ChangedTicks, string Sha256);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RememberedHash))]
internal sealed partial class RememberedHashJson : JsonSerializerContext;
