using System.Globalization;

namespace Halo.Testing;

/// <summary>How much longer than usual tests run: <c>HALO_REPEATS=20</c> makes the nightly run of those that can go on for long.</summary>
public static class Nightly
{
    /// <summary>1, or what <c>HALO_REPEATS</c> says.</summary>
    public static int Repeats { get; } = int.Parse(Environment.GetEnvironmentVariable("HALO_REPEATS") ?? "1", CultureInfo.InvariantCulture);

    /// <summary>Whether this is the nightly run.</summary>
    public static bool IsNow => Repeats >= 20;
}
