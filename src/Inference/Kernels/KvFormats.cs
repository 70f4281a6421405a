using System.Runtime.CompilerServices;

namespace Halo.Inference.Kernels;

/// <summary>Reads keys and values of one type as f32; the attention kernel is generic over it.</summary>
internal unsafe interface IKvFormat
{
    /// <summary>Bytes of an element.</summary>
    static abstract int Bytes { get; }

    /// <summary>Whether every 32 elements have an f16 scale.</summary>
    static abstract bool HasScales { get; }

    /// <summary>What is loaded is the element times this to the power of -2.</summary>
    static abstract float Unit { get; }

    /// <summary>As many elements from <paramref name="p"/> on as a vector holds.</summary>
    static abstract TVector Load<TLanes, TVector>(byte* p)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : struct;
}

/// <summary>f32 as it is.</summary>
internal readonly unsafe struct F32Format : IKvFormat
{
    public static int Bytes => 4;

    public static bool HasScales => false;

    public static float Unit => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TLanes, TVector>(byte* p)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : struct => TLanes.Load((float*)p);
}

/// <summary>
/// f16, left at 2^-112 of its value: one factor of 2^56 goes into what it is multiplied with and one into the sum, which saves a multiplication
/// for every element and neither overflows nor loses anything.
/// </summary>
internal readonly unsafe struct F16Format : IKvFormat
{
    public static int Bytes => 2;

    public static bool HasScales => false;

    public static float Unit => 72057594037927936f; // 2^56

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TLanes, TVector>(byte* p)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : struct => TLanes.LoadHalves(p);
}

/// <summary>Signed bytes; the scales are applied to the sums of 32 products, and to the weights of values.</summary>
internal readonly unsafe struct Q8Format : IKvFormat
{
    public static int Bytes => 1;

    public static bool HasScales => true;

    public static float Unit => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TLanes, TVector>(byte* p)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : struct => TLanes.LoadBytes(p);
}
