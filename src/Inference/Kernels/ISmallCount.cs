namespace Halo.Inference.Kernels;

/// <summary>A number that the compiler knows: code for what lies beyond it is not there at all.</summary>
internal interface ISmallCount
{
    /// <summary>The number.</summary>
    static abstract int Value { get; }
}

internal readonly struct One : ISmallCount
{
    public static int Value => 1;
}

internal readonly struct Two : ISmallCount
{
    public static int Value => 2;
}

internal readonly struct Three : ISmallCount
{
    public static int Value => 3;
}

internal readonly struct Four : ISmallCount
{
    public static int Value => 4;
}
