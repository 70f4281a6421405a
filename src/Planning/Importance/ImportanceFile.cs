namespace Halo.Planning.Importance;

/// <summary>
/// The file <c>.halo</c>: what calibration has learned of a model. Little-endian: magic (8 bytes), version (u32), the model file's SHA-256 (32 bytes),
/// hidden size and stage count (i32 each); then of each stage its header (i32 groups, 1 if there are mean parts, rank of the predictor, rank of the
/// early one, rank of the surrogates, 0 for what is not there; f32 sensitivity); then of each stage its numbers (f32): means, mean parts,
/// predictor, early predictor, surrogates; at the end the SHA-256 of all before.
/// </summary>
public static class ImportanceFile
{
    internal const uint Version = 1;
    internal const int HashBytes = 32;

    // Far above any model; what is larger is a damaged or hostile file.
    internal const int MostHidden = 1 << 16;
    internal const int MostStages = 2048;
    internal const int MostGroups = 1 << 16;

    internal static ReadOnlySpan<byte> Magic => "HALOIMP\u001a"u8;

    /// <summary>Writes the file.</summary>
    /// <param name="stream">Where it goes; it stays open.</param>
    /// <param name="importance">What is written.</param>
    /// <exception cref="ArgumentException">The importance is not whole: sizes that do not fit, a hash that is none, a number that is not finite.</exception>
    public static void Write(Stream stream, ModelImportance importance)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(importance);
        importance.Check();
        using ImportanceWriter writer = new(stream);
        writer.Write(importance);
    }

    /// <summary>Reads a file and checks all of it.</summary>
    /// <param name="stream">Where it comes from; nothing may follow it. It stays open.</param>
    /// <exception cref="ImportanceFormatException">It is no importance file, is damaged or cut off, or has numbers that are not finite.</exception>
    public static ModelImportance Read(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using ImportanceReader reader = new(stream);
        return reader.Read();
    }
}
