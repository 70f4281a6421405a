namespace Halo.Inference.Kernels;

/// <summary>The steps of the attention kernel on one width of vector: it is written once and generic over these.</summary>
/// <typeparam name="TVector">Vector512, Vector256 or Vector128 of float, or a float alone.</typeparam>
internal unsafe interface IFloatLanes<TVector>
    where TVector : struct
{
    /// <summary>Elements of a vector, 1 to 16.</summary>
    static abstract int Count { get; }

    /// <summary>All elements the same.</summary>
    static abstract TVector Create(float value);

    /// <summary>f32 from <paramref name="p"/> on.</summary>
    static abstract TVector Load(float* p);

    /// <summary>f16 from <paramref name="p"/> on, times 2^-112: the integer moves of <see cref="Quantization.HalfBits"/> without their multiplication.</summary>
    static abstract TVector LoadHalves(byte* p);

    /// <summary>Signed bytes from <paramref name="p"/> on.</summary>
    static abstract TVector LoadBytes(byte* p);

    /// <summary>Writes f32.</summary>
    static abstract void Store(TVector x, float* p);

    /// <summary>x + y.</summary>
    static abstract TVector Add(TVector x, TVector y);

    /// <summary>x * y.</summary>
    static abstract TVector Multiply(TVector x, TVector y);

    /// <summary>x * y + z, fused where the processor can.</summary>
    static abstract TVector MultiplyAdd(TVector x, TVector y, TVector z);

    /// <summary>The larger; either where one is NaN.</summary>
    static abstract TVector Max(TVector x, TVector y);

    /// <summary>To the nearest whole number.</summary>
    static abstract TVector Round(TVector x);

    /// <summary>2^n for whole n from -126 to 127.</summary>
    static abstract TVector PowerOfTwo(TVector n);

    /// <summary>value, but 0 where x is below the limit.</summary>
    static abstract TVector ZeroBelow(TVector x, float limit, TVector value);

    /// <summary>The sum of all elements.</summary>
    static abstract float Sum(TVector x);

    /// <summary>The largest element; anything where one is NaN.</summary>
    static abstract float Largest(TVector x);
}
