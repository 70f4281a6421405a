namespace Orleans.Concurrency;

/// <summary>As upstream: a promise that neither side changes the value after the call: it crosses by reference.</summary>
/// <param name="value">The value, unchanged from now on.</param>
[GenerateSerializer]
[Immutable]
#pragma warning disable CA1051, CA1815 // Upstream's shape: a public field, no equality.
public readonly struct Immutable<T>(T value)
{
    /// <summary>The value.</summary>
    [Id(0)]
    public readonly T Value = value;
}
#pragma warning restore CA1051, CA1815

/// <summary>As upstream: wraps values in <see cref="Immutable{T}"/>.</summary>
public static class ImmutableExtensions
{
    /// <summary>Wraps a value that nobody changes any more.</summary>
    public static Immutable<T> AsImmutable<T>(this T value) => new(value);
}
