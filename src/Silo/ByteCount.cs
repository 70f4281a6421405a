using System.Globalization;

namespace Halo.Silo;

/// <summary>Amounts of memory as people write them.</summary>
public static class ByteCount
{
    /// <summary>Completes the sentence "it must be …".</summary>
    public const string Needed = "a number of bytes above 0, or one with K, M, G (thousands) or Ki, Mi, Gi (of 1,024), such as 500M";

    private static readonly (string Suffix, long Unit)[] s_units =
        [("Ki", 1L << 10), ("Mi", 1L << 20), ("Gi", 1L << 30), ("K", 1_000), ("M", 1_000_000), ("G", 1_000_000_000), ("", 1)];

    /// <summary>Reads <c>500M</c>, <c>1.5Gi</c>, <c>2000000</c>; a closing <c>B</c> is allowed.</summary>
    public static (bool Found, long? Bytes) Read(string text)
    {
        string amount = text.EndsWith('B') ? text[..^1] : text;
        (string suffix, long unit) = s_units.First(unit => amount.EndsWith(unit.Suffix, StringComparison.OrdinalIgnoreCase));
        return decimal.TryParse(amount[..^suffix.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number)
            && number > 0 && number <= long.MaxValue / unit && number * unit >= 1 ? (true, (long)(number * unit)) : default;
    }

    /// <summary>Millions of bytes with two decimals.</summary>
    public static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.00}");
}
