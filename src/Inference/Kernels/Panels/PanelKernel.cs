using System.Runtime.CompilerServices;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels.Panels;

/// <summary>Quantised weights in panels times int8 activations, on any instruction set.</summary>
/// <remarks>
/// Per 32 columns: exact integer products, made f32, times the activations' scale, less the codes' offset times the activations' sum, times
/// the row's scale. A row's sum is one chain over its columns whatever the number of tokens: tokens only share the unpacked codes. A panel
/// stays in the first or second cache while all tokens pass by.
/// Branches that differ between types and instruction sets ask for the type arguments themselves: such a comparison is decided before calls
/// are inlined, while a property would first have both branches inlined and so use up what the compiler allows.
/// </remarks>
internal static unsafe partial class PanelKernel<TLanes, TBytes, TSums, TFloats, TFormat>
    where TLanes : struct, ILanes<TBytes, TSums, TFloats>
    where TBytes : struct
    where TSums : struct
    where TFloats : struct
    where TFormat : struct, IBlockFormat
{
    private const int PartColumns = IBlockFormat.PartColumns;
    private const int Parts = 8; // of a super-block
    private const int HeadBytes = 2 * PanelLayout.HalvesBytes;
    private const int MinimaAfter = 2 * PanelLayout.HalvesBytes;
    private const int PartScaleBytes = Parts * PanelLayout.Rows;

    private static int CodeBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => PanelLayout.CodeBytes(TFormat.Bits);
    }

    /// <summary>See <see cref="MatMul.Multiply(in WeightMatrix, Activations, float*, int, int, int)"/>; trusts its arguments.</summary>
    [SkipLocalsInit]
    public static void Multiply(in WeightMatrix w, Activations x, float* y, int yStride, int firstRow, int endRow)
    {
        float* sums = stackalloc float[4 * PanelLayout.Rows];
        for (int panel = firstRow / PanelLayout.Rows; panel * PanelLayout.Rows < endRow; panel++)
        {
            int row = panel * PanelLayout.Rows;
            byte* data = w.Data + (panel * w.PanelStrideBytes);
            int from = Math.Max(firstRow, row);
            int rows = Math.Min(endRow, row + PanelLayout.Rows) - from;
            bool whole = rows == PanelLayout.Rows;
            int t = 0;
            for (; t + 4 <= x.Rows; t += 4)
            {
                float* target = y + ((long)t * yStride) + from;
                DotPanel<FourTokens>(data, w.Columns, x, t, whole ? target : sums, whole ? yStride : PanelLayout.Rows);
                for (int i = 0; !whole && i < 4; i++)
                {
                    Copy(sums + (i * PanelLayout.Rows) + (from - row), target + ((long)i * yStride), rows);
                }
            }

            for (; t < x.Rows; t++)
            {
                float* target = y + ((long)t * yStride) + from;
                DotPanel<OneToken>(data, w.Columns, x, t, whole ? target : sums, 0);
                if (!whole)
                {
                    Copy(sums + (from - row), target, rows);
                }
            }
        }
    }

    private static void Copy(float* from, float* to, int count) => new ReadOnlySpan<float>(from, count).CopyTo(new Span<float>(to, count));

    private static void DotPanel<TTokens>(byte* panel, int columns, Activations x, int token, float* y, int yStride)
        where TTokens : struct, ITokens
    {
        sbyte* q = x.QuantizedPointer + ((long)token * x.Stride);
        float* marks = x.MarksPointer + ((long)token * x.MarkStride);

        // One token takes all rows side by side, so that the panel is read once from front to end; of several each set of rows goes alone.
        int rows = typeof(TTokens) == typeof(OneToken) ? PanelLayout.Rows : TLanes.Rows;
        for (int row = 0; row < PanelLayout.Rows; row += rows)
        {
            if (typeof(TFormat) == typeof(FormatQ8_0) && typeof(TLanes) == typeof(Lanes512))
            {
                DotBytes<TTokens>(panel, columns, q, x.Stride, marks, x.MarkStride, y, yStride);
            }
            else if (TFormat.Columns == PartColumns)
            {
                DotBlocks<TTokens>(panel, row, columns, q, x.Stride, marks, x.MarkStride, y + row, yStride);
            }
            else if (TFormat.HasHalfScales)
            {
                DotHalves<TTokens>(panel, row, columns, q, x.Stride, marks, x.MarkStride, y + row, yStride);
            }
            else
            {
                DotSuperBlocks<TTokens>(panel, row, columns, q, x.Stride, marks, x.MarkStride, y + row, yStride);
            }
        }
    }

    // sum + scale * (products * d - offset * s) + minimum * s, with d the activations' scale and s their sum.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloats AddBlock(
        in Quad<TBytes> low, in Quad<TBytes> high, TFloats scale, TFloats minimum, sbyte* q, float* marks, TFloats sum)
    {
        TFloats products = typeof(TFormat) == typeof(FormatQ8_0)
            ? TLanes.SignedProducts(low, high, q)
            : TLanes.Total(Products(low, q, TLanes.NoSums), Products(high, q + 16, TLanes.NoSums), together: TFormat.Bits == 4);
        products = TLanes.Multiply(products, TLanes.Create(marks[Activations.ScaleMark]));
        if (TFormat.Offset != 0)
        {
            products = TLanes.MultiplyAdd(TLanes.Create(marks[Activations.SumMark]), TLanes.Create(-TFormat.Offset), products);
        }

        sum = TLanes.MultiplyAdd(products, scale, sum);
        return TFormat.HasMinimum ? TLanes.MultiplyAdd(minimum, TLanes.Create(marks[Activations.SumMark]), sum) : sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TSums Products(in Quad<TBytes> codes, sbyte* q, TSums sums) =>
        TLanes.AddProducts(TLanes.AddProducts(TLanes.AddProducts(TLanes.AddProducts(sums, codes.A, q), codes.B, q + 4), codes.C, q + 8), codes.D, q + 12);

    // The codes of 32 columns: low has columns 0..15, high 16..31.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadCodes(byte* codes, out Quad<TBytes> low, out Quad<TBytes> high)
    {
        const int Vector = PanelLayout.VectorBytes;
        if (typeof(TFormat) == typeof(FormatQ8_0))
        {
            low = LoadQuad(codes);
            high = LoadQuad(codes + (4 * Vector));
            return;
        }

        Quad<TBytes> packed = LoadQuad(codes + ((TFormat.Bits - 4) * Vector));
        low = new(TLanes.LowNibbles(packed.A), TLanes.LowNibbles(packed.B), TLanes.LowNibbles(packed.C), TLanes.LowNibbles(packed.D));
        high = new(TLanes.HighNibbles(packed.A), TLanes.HighNibbles(packed.B), TLanes.HighNibbles(packed.C), TLanes.HighNibbles(packed.D));
        if (typeof(TFormat) == typeof(FormatQ5_0) || typeof(TFormat) == typeof(FormatQ5_1) || typeof(TFormat) == typeof(FormatQ5_K))
        {
            TBytes bits = TLanes.LoadCodes(codes);
            low = AddFifthBits(low, bits, 4);
            high = AddFifthBits(high, bits, 0);
        }
        else if (typeof(TFormat) == typeof(FormatQ6_K))
        {
            low = AddUpperBits(low, TLanes.LoadCodes(codes));
            high = AddUpperBits(high, TLanes.LoadCodes(codes + Vector));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Quad<TBytes> LoadQuad(byte* codes) => new(
        TLanes.LoadCodes(codes),
        TLanes.LoadCodes(codes + PanelLayout.VectorBytes),
        TLanes.LoadCodes(codes + (2 * PanelLayout.VectorBytes)),
        TLanes.LoadCodes(codes + (3 * PanelLayout.VectorBytes)));

    // The bit of nibble j is bit j (shift 4) or bit 4 + j (shift 0) of the byte; it becomes bit 4 of the code.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Quad<TBytes> AddFifthBits(in Quad<TBytes> codes, TBytes bits, int shift) => new(
        TLanes.AddBits(codes.A, bits, shift, 0x10),
        TLanes.AddBits(codes.B, bits, shift - 1, 0x10),
        TLanes.AddBits(codes.C, bits, shift - 2, 0x10),
        TLanes.AddBits(codes.D, bits, shift - 3, 0x10));

    // Bits 2j and 2j + 1 of the byte become bits 4 and 5 of code j.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Quad<TBytes> AddUpperBits(in Quad<TBytes> codes, TBytes bits) => new(
        TLanes.AddBits(codes.A, bits, 4, 0x30),
        TLanes.AddBits(codes.B, bits, 2, 0x30),
        TLanes.AddBits(codes.C, bits, 0, 0x30),
        TLanes.AddBits(codes.D, bits, -2, 0x30));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TTokens>(float* y, int yStride, TFloats sum0, TFloats sum1, TFloats sum2, TFloats sum3)
        where TTokens : struct, ITokens
    {
        // The next sum is the next token's, or of one token the next rows'.
        long next = typeof(TTokens) == typeof(OneToken) ? TLanes.Rows : yStride;
        TLanes.Store(sum0, y);
        if (typeof(TTokens) == typeof(FourTokens) || typeof(TLanes) != typeof(Lanes512))
        {
            TLanes.Store(sum1, y + next);
        }

        if (typeof(TTokens) == typeof(FourTokens) || typeof(TLanes) == typeof(Lanes128))
        {
            TLanes.Store(sum2, y + (2 * next));
            TLanes.Store(sum3, y + (3 * next));
        }
    }
}
