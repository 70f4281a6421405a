using System.Runtime.CompilerServices;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels.Panels;

/// <summary>Quantised weights in panels times int8 activations, on any instruction set.</summary>
/// <remarks>
/// Per 32 columns: exact integer products, made f32, times the activations' scale, less the codes' offset times the activations' sum, times
/// the row's scale. A row's sum is one chain over its columns whatever the number of tokens: tokens only share the unpacked codes. A panel
/// stays in the first or second cache while all tokens pass by.
/// </remarks>
internal static unsafe class PanelKernel<TLanes, TBytes, TSums, TFloats, TFormat>
    where TLanes : struct, ILanes<TBytes, TSums, TFloats>
    where TBytes : struct
    where TSums : struct
    where TFloats : struct
    where TFormat : struct, IBlockFormat
{
    private const int PartColumns = IBlockFormat.PartColumns;

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
        for (int row = 0; row < PanelLayout.Rows; row += TLanes.Rows)
        {
            if (TFormat.Columns == PartColumns)
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

    // Two blocks of 32 columns in a unit, but perhaps in the last.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DotBlocks<TTokens>(
        byte* unit, int row, int columns, sbyte* q, int qStride, float* marks, int markStride, float* y, int yStride)
        where TTokens : struct, ITokens
    {
        TFloats sum0 = TLanes.Zero;
        TFloats sum1 = TLanes.Zero;
        TFloats sum2 = TLanes.Zero;
        TFloats sum3 = TLanes.Zero;
        int headBytes = (TFormat.HasMinimum ? 4 : 2) * PanelLayout.HalvesBytes;
        int unitBytes = headBytes + (2 * CodeBytes);
        for (int c = 0; c < columns; c += 2 * PartColumns, unit += unitBytes)
        {
            int blocks = columns - c == PartColumns ? 1 : 2;
            for (int b = 0; b < blocks; b++, q += PartColumns, marks += Activations.MarksPerBlock)
            {
                LoadCodes(unit + headBytes + (b * CodeBytes) + (4 * row), out Quad<TBytes> low, out Quad<TBytes> high);
                TFloats scale = TLanes.LoadHalves(unit + (b * PanelLayout.HalvesBytes) + (2 * row));
                TFloats minimum = TFormat.HasMinimum ? TLanes.LoadHalves(unit + ((2 + b) * PanelLayout.HalvesBytes) + (2 * row)) : default;
                sum0 = AddBlock(low, high, scale, minimum, q, marks, sum0);
                if (TTokens.Count == 4)
                {
                    sum1 = AddBlock(low, high, scale, minimum, q + qStride, marks + markStride, sum1);
                    sum2 = AddBlock(low, high, scale, minimum, q + (2 * (long)qStride), marks + (2 * (long)markStride), sum2);
                    sum3 = AddBlock(low, high, scale, minimum, q + (3 * (long)qStride), marks + (3 * (long)markStride), sum3);
                }
            }
        }

        Store<TTokens>(y, yStride, sum0, sum1, sum2, sum3);
    }

    // Eight parts of 32 columns in a unit, each with a scale and a minimum in units of the super-block's.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DotSuperBlocks<TTokens>(
        byte* unit, int row, int columns, sbyte* q, int qStride, float* marks, int markStride, float* y, int yStride)
        where TTokens : struct, ITokens
    {
        TFloats sum0 = TLanes.Zero;
        TFloats sum1 = TLanes.Zero;
        TFloats sum2 = TLanes.Zero;
        TFloats sum3 = TLanes.Zero;
        const int Parts = SuperBlockScales.Count;
        const int HeadBytes = 2 * PanelLayout.HalvesBytes;
        const int ScaleBytes = Parts * PanelLayout.Rows;
        for (int c = 0; c < columns; c += Parts * PartColumns)
        {
            TFloats scale = TLanes.LoadHalves(unit + (2 * row));
            TFloats minimum = TLanes.Multiply(TLanes.LoadHalves(unit + PanelLayout.HalvesBytes + (2 * row)), TLanes.Create(-1));
            byte* partScales = unit + HeadBytes + row;
            unit += HeadBytes + (2 * ScaleBytes);
            for (int part = 0; part < Parts; part++)
            {
                LoadCodes(unit + (4 * row), out Quad<TBytes> low, out Quad<TBytes> high);
                TFloats partScale = TLanes.Multiply(TLanes.LoadUnsigned(partScales), scale);
                TFloats partMinimum = TLanes.Multiply(TLanes.LoadUnsigned(partScales + ScaleBytes), minimum);
                sum0 = AddBlock(low, high, partScale, partMinimum, q, marks, sum0);
                if (TTokens.Count == 4)
                {
                    sum1 = AddBlock(low, high, partScale, partMinimum, q + qStride, marks + markStride, sum1);
                    sum2 = AddBlock(low, high, partScale, partMinimum, q + (2 * (long)qStride), marks + (2 * (long)markStride), sum2);
                    sum3 = AddBlock(low, high, partScale, partMinimum, q + (3 * (long)qStride), marks + (3 * (long)markStride), sum3);
                }

                unit += CodeBytes;
                partScales += PanelLayout.Rows;
                q += PartColumns;
                marks += Activations.MarksPerBlock;
            }
        }

        Store<TTokens>(y, yStride, sum0, sum1, sum2, sum3);
    }

    // Sixteen halves of 16 columns in a unit, each with a signed scale in units of the super-block's.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DotHalves<TTokens>(
        byte* unit, int row, int columns, sbyte* q, int qStride, float* marks, int markStride, float* y, int yStride)
        where TTokens : struct, ITokens
    {
        TFloats sum0 = TLanes.Zero;
        TFloats sum1 = TLanes.Zero;
        TFloats sum2 = TLanes.Zero;
        TFloats sum3 = TLanes.Zero;
        const int Parts = 8;
        const int HeadBytes = 2 * PanelLayout.HalvesBytes;
        for (int c = 0; c < columns; c += Parts * PartColumns)
        {
            TFloats scale = TLanes.LoadHalves(unit + (2 * row));
            byte* halfScales = unit + HeadBytes + row;
            unit += HeadBytes + (2 * Parts * PanelLayout.Rows);
            for (int part = 0; part < Parts; part++)
            {
                LoadCodes(unit + (4 * row), out Quad<TBytes> low, out Quad<TBytes> high);
                TFloats lowScale = TLanes.Multiply(TLanes.LoadSigned(halfScales), scale);
                TFloats highScale = TLanes.Multiply(TLanes.LoadSigned(halfScales + PanelLayout.Rows), scale);
                sum0 = AddHalves(low, high, lowScale, highScale, q, marks, sum0);
                if (TTokens.Count == 4)
                {
                    sum1 = AddHalves(low, high, lowScale, highScale, q + qStride, marks + markStride, sum1);
                    sum2 = AddHalves(low, high, lowScale, highScale, q + (2 * (long)qStride), marks + (2 * (long)markStride), sum2);
                    sum3 = AddHalves(low, high, lowScale, highScale, q + (3 * (long)qStride), marks + (3 * (long)markStride), sum3);
                }

                unit += CodeBytes;
                halfScales += 2 * PanelLayout.Rows;
                q += PartColumns;
                marks += Activations.MarksPerBlock;
            }
        }

        Store<TTokens>(y, yStride, sum0, sum1, sum2, sum3);
    }

    // sum + scale * (products * d - offset * s) + minimum * s, with d the activations' scale and s their sum.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloats AddBlock(
        in Quad<TBytes> low, in Quad<TBytes> high, TFloats scale, TFloats minimum, sbyte* q, float* marks, TFloats sum)
    {
        TFloats products = TFormat.Bits == 8
            ? TLanes.SignedProducts(low, high, q)
            : TLanes.Total(Products(low, q), Products(high, q + 16), together: TFormat.Bits == 4);
        products = TLanes.Multiply(products, TLanes.Create(marks[Activations.ScaleMark]));
        if (TFormat.Offset != 0)
        {
            products = TLanes.MultiplyAdd(TLanes.Create(marks[Activations.SumMark]), TLanes.Create(-TFormat.Offset), products);
        }

        sum = TLanes.MultiplyAdd(products, scale, sum);
        return TFormat.HasMinimum ? TLanes.MultiplyAdd(minimum, TLanes.Create(marks[Activations.SumMark]), sum) : sum;
    }

    // The same for the 16 columns of the low and the 16 of the high nibbles, which have a scale each.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloats AddHalves(
        in Quad<TBytes> low, in Quad<TBytes> high, TFloats lowScale, TFloats highScale, sbyte* q, float* marks, TFloats sum)
    {
        sum = TLanes.MultiplyAdd(Half(low, q, marks, Activations.LowSumMark), lowScale, sum);
        return TLanes.MultiplyAdd(Half(high, q + 16, marks, Activations.HighSumMark), highScale, sum);
    }

    // Two products of codes below 64 fit into 16 bits, so the four vectors are two sums.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloats Half(in Quad<TBytes> codes, sbyte* q, float* marks, int sumMark)
    {
        TSums a = TLanes.AddProducts(TLanes.AddProducts(TLanes.NoSums, codes.A, q), codes.B, q + 4);
        TSums b = TLanes.AddProducts(TLanes.AddProducts(TLanes.NoSums, codes.C, q + 8), codes.D, q + 12);
        TFloats products = TLanes.Multiply(TLanes.Total(a, b, together: false), TLanes.Create(marks[Activations.ScaleMark]));
        return TLanes.MultiplyAdd(TLanes.Create(marks[sumMark]), TLanes.Create(-TFormat.Offset), products);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TSums Products(in Quad<TBytes> codes, sbyte* q) =>
        TLanes.AddProducts(
            TLanes.AddProducts(TLanes.AddProducts(TLanes.AddProducts(TLanes.NoSums, codes.A, q), codes.B, q + 4), codes.C, q + 8), codes.D, q + 12);

    // The codes of 32 columns: low has columns 0..15, high 16..31.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadCodes(byte* codes, out Quad<TBytes> low, out Quad<TBytes> high)
    {
        const int Vector = PanelLayout.VectorBytes;
        if (TFormat.Bits == 8)
        {
            low = LoadQuad(codes);
            high = LoadQuad(codes + (4 * Vector));
            return;
        }

        Quad<TBytes> packed = LoadQuad(codes + ((TFormat.Bits - 4) * Vector));
        low = new(TLanes.LowNibbles(packed.A), TLanes.LowNibbles(packed.B), TLanes.LowNibbles(packed.C), TLanes.LowNibbles(packed.D));
        high = new(TLanes.HighNibbles(packed.A), TLanes.HighNibbles(packed.B), TLanes.HighNibbles(packed.C), TLanes.HighNibbles(packed.D));
        if (TFormat.Bits == 5)
        {
            TBytes bits = TLanes.LoadCodes(codes);
            low = AddFifthBits(low, bits, 4);
            high = AddFifthBits(high, bits, 0);
        }
        else if (TFormat.Bits == 6)
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
        TLanes.Store(sum0, y);
        if (TTokens.Count == 4)
        {
            TLanes.Store(sum1, y + yStride);
            TLanes.Store(sum2, y + (2 * (long)yStride));
            TLanes.Store(sum3, y + (3 * (long)yStride));
        }
    }
}
