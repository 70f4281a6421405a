using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Halo.Inference.Gguf;

/// <summary>
/// Key-value section of a GGUF file. Integers of any stored width are converted where the value fits.
/// <c>TryGet…</c> gives false for a key that is missing or of another kind; <c>Get…</c> gives the fallback for a missing key;
/// <c>Require…</c> throws for a missing one. The last two throw, naming the key, for a value of another kind.
/// Enumerates keys in file order; arrays come as arrays, see <see cref="Describe"/> for a short text.
/// </summary>
public sealed class GgufMetadata : IEnumerable<KeyValuePair<string, object>>
{
    private readonly string _path;
    private readonly IReadOnlyList<string> _order;
    private readonly IReadOnlyDictionary<string, object> _values;

    internal GgufMetadata(string path, IReadOnlyList<string> order, IReadOnlyDictionary<string, object> values)
    {
        _path = path;
        _order = order;
        _values = values;
    }

    /// <summary>Number of keys.</summary>
    public int Count => _order.Count;

    /// <summary>Whether the key is there, of whatever kind.</summary>
    public bool Contains(string key) => _values.ContainsKey(key);

    /// <inheritdoc cref="RequireString"/>
    public bool TryGetString(string key, [NotNullWhen(true)] out string? value) => TryConvert(key, GgufConversions.ToText, out value);

    /// <inheritdoc cref="RequireUInt32"/>
    public bool TryGetUInt32(string key, out uint value) => TryConvert(key, GgufConversions.ToUInt32, out value);

    /// <inheritdoc cref="RequireInt32"/>
    public bool TryGetInt32(string key, out int value) => TryConvert(key, GgufConversions.ToInt32, out value);

    /// <inheritdoc cref="RequireSingle"/>
    public bool TryGetSingle(string key, out float value) => TryConvert(key, GgufConversions.ToSingle, out value);

    /// <inheritdoc cref="RequireBoolean"/>
    public bool TryGetBoolean(string key, out bool value) => TryConvert(key, GgufConversions.ToBoolean, out value);

    /// <inheritdoc cref="RequireStringArray"/>
    public bool TryGetStringArray(string key, [NotNullWhen(true)] out string[]? value) =>
        TryConvert(key, GgufConversions.ToStringArray, out value);

    /// <inheritdoc cref="RequireFloatArray"/>
    public bool TryGetFloatArray(string key, [NotNullWhen(true)] out float[]? value) =>
        TryConvert(key, GgufConversions.ToFloatArray, out value);

    /// <inheritdoc cref="RequireInt32Array"/>
    public bool TryGetInt32Array(string key, [NotNullWhen(true)] out int[]? value) =>
        TryConvert(key, GgufConversions.ToInt32Array, out value);

    /// <inheritdoc cref="RequireString"/>
    public string GetString(string key, string fallback) => Contains(key) ? RequireString(key) : fallback;

    /// <inheritdoc cref="RequireUInt32"/>
    public uint GetUInt32(string key, uint fallback) => Contains(key) ? RequireUInt32(key) : fallback;

    /// <inheritdoc cref="RequireInt32"/>
    public int GetInt32(string key, int fallback) => Contains(key) ? RequireInt32(key) : fallback;

    /// <inheritdoc cref="RequireSingle"/>
    public float GetSingle(string key, float fallback) => Contains(key) ? RequireSingle(key) : fallback;

    /// <inheritdoc cref="RequireBoolean"/>
    public bool GetBoolean(string key, bool fallback) => Contains(key) ? RequireBoolean(key) : fallback;

    /// <summary>A text.</summary>
    public string RequireString(string key) => Require<string>(key, GgufConversions.ToText, "a string");

    /// <summary>An integer from 0 to 2^32 - 1, stored in any width.</summary>
    public uint RequireUInt32(string key) => Require<uint>(key, GgufConversions.ToUInt32, "an integer from 0 to 4,294,967,295");

    /// <summary>An integer from -2^31 to 2^31 - 1, stored in any width.</summary>
    public int RequireInt32(string key) => Require<int>(key, GgufConversions.ToInt32, "a 32-bit integer");

    /// <summary>A float, stored as f32 or f64.</summary>
    public float RequireSingle(string key) => Require<float>(key, GgufConversions.ToSingle, "a float");

    /// <summary>A boolean.</summary>
    public bool RequireBoolean(string key) => Require<bool>(key, GgufConversions.ToBoolean, "a boolean");

    /// <summary>An array of texts. The array is the stored one: do not change it.</summary>
    public string[] RequireStringArray(string key) => Require<string[]>(key, GgufConversions.ToStringArray, "an array of strings");

    /// <summary>An array of floats. The array may be the stored one: do not change it.</summary>
    public float[] RequireFloatArray(string key) => Require<float[]>(key, GgufConversions.ToFloatArray, "an array of floats");

    /// <summary>An array of 32-bit integers, stored in any width. The array may be the stored one: do not change it.</summary>
    public int[] RequireInt32Array(string key) => Require<int[]>(key, GgufConversions.ToInt32Array, "an array of 32-bit integers");

    /// <summary>The value of a key as short text: an array gives its element type, its length and its first elements.</summary>
    public string Describe(string key) => _values.TryGetValue(key, out object? value) ? GgufConversions.Describe(value) : "(missing)";

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, object>> GetEnumerator()
    {
        foreach (string key in _order)
        {
            yield return new KeyValuePair<string, object>(key, _values[key]);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private bool TryConvert<T>(string key, GgufConversion<T> convert, [MaybeNullWhen(false)] out T value)
    {
        value = default;
        return _values.TryGetValue(key, out object? stored) && convert(stored, out value);
    }

    private T Require<T>(string key, GgufConversion<T> convert, string needed)
    {
        if (!_values.TryGetValue(key, out object? stored))
        {
            throw new GgufFormatException($"{_path}: metadata key '{key}' is missing; it must be {needed}.");
        }

        return convert(stored, out T? value)
            ? value
            : throw new GgufFormatException(string.Create(
                CultureInfo.InvariantCulture, $"{_path}: metadata key '{key}' is {GgufConversions.Describe(stored)}; it must be {needed}."));
    }
}
