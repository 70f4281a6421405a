namespace Halo.Inference.Kernels.Panels;

/// <summary>
/// What the panel kernel needs of an instruction set: some rows of a panel side by side in one vector. The kernel is written once over this;
/// an implementation is a handful of one-line methods.
/// </summary>
/// <typeparam name="TBytes">Four bytes for each row.</typeparam>
/// <typeparam name="TSums">Running sums of products, one or two integers for each row.</typeparam>
/// <typeparam name="TFloats">One f32 for each row.</typeparam>
internal unsafe interface ILanes<TBytes, TSums, TFloats>
    where TBytes : struct
    where TSums : struct
    where TFloats : struct
{
    /// <summary>Rows in a vector: 16, 8 or 4.</summary>
    static abstract int Rows { get; }

    /// <summary>Four bytes of each row.</summary>
    static abstract TBytes LoadCodes(byte* codes);

    /// <summary>The lower four bits of each byte.</summary>
    static abstract TBytes LowNibbles(TBytes packed);

    /// <summary>The upper four bits of each byte.</summary>
    static abstract TBytes HighNibbles(TBytes packed);

    /// <summary>codes | ((bits &lt;&lt; shift) &amp; mask), byte by byte; a negative shift is to the right. All bits of the mask come from their own byte.</summary>
    static abstract TBytes AddBits(TBytes codes, TBytes bits, int shift, byte mask);

    /// <summary>No products.</summary>
    static abstract TSums NoSums { get; }

    /// <summary>Adds the products of each row's four codes, 0..63, and four activations. Room: 8 times for codes below 16, 4 below 32, 2 below 64.</summary>
    /// <param name="sums">Running sums.</param>
    /// <param name="codes">Unsigned codes.</param>
    /// <param name="x">(4), -127..127, the same for all rows.</param>
    static abstract TSums AddProducts(TSums sums, TBytes codes, sbyte* x);

    /// <summary>a + b as f32; with <paramref name="together"/> their sum still has room in the sums' own width.</summary>
    static abstract TFloats Total(TSums a, TSums b, bool together);

    /// <summary>Products of each row's 16 signed codes, in four vectors, and 16 activations, and of 16 more, as f32.</summary>
    static abstract TFloats SignedProducts(in Quad<TBytes> first, in Quad<TBytes> second, sbyte* x);

    /// <summary>No f32.</summary>
    static abstract TFloats Zero { get; }

    /// <summary>The same f32 for all rows.</summary>
    static abstract TFloats Create(float value);

    /// <summary>An f16 of each row.</summary>
    static abstract TFloats LoadHalves(byte* halves);

    /// <summary>An unsigned byte of each row.</summary>
    static abstract TFloats LoadUnsigned(byte* bytes);

    /// <summary>A signed byte of each row.</summary>
    static abstract TFloats LoadSigned(byte* bytes);

    /// <summary>a * b.</summary>
    static abstract TFloats Multiply(TFloats a, TFloats b);

    /// <summary>a * b + c.</summary>
    static abstract TFloats MultiplyAdd(TFloats a, TFloats b, TFloats c);

    /// <summary>Writes one f32 for each row.</summary>
    static abstract void Store(TFloats values, float* target);
}

/// <summary>Four vectors: as many as the compiler keeps in registers when they are one value.</summary>
internal readonly struct Quad<T>(T a, T b, T c, T d)
    where T : struct
{
    public readonly T A = a;
    public readonly T B = b;
    public readonly T C = c;
    public readonly T D = d;
}
