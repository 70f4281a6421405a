using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Halo.Inference.Kernels;

/// <summary>
/// One block of keys and values, and the queries that see it, four or fewer at a time. Three passes: scores, where a vector holds one
/// position a lane and each score is one chain of multiply-adds over the head's elements; weights, relative to the largest score so far;
/// and totals, where each element is one chain over the positions.
/// </summary>
/// <remarks>
/// No chain depends on the number of queries or on the width of the vectors; only the sum of weights is taken in the order of the lanes.
/// Positions of the block beyond the count are computed in the first pass, whatever lies there, and dropped before the second.
/// </remarks>
internal static unsafe class AttentionFold<TLanes, TVector, TFormat>
    where TLanes : struct, IFloatLanes<TVector>
    where TVector : struct
    where TFormat : struct, IKvFormat
{
    private const int Positions = KvLayout.BlockPositions;
    private const int Half = Positions / 2;
    private const int Group = KvLayout.GroupElements;
    private const int ScaleRowBytes = 2 * Positions;
    private const float HalfUnit = 5.192296858534828e33f; // 2^112: see IFloatLanes.LoadHalves

    /// <summary>See <see cref="AttentionKernel.Fold"/>; trusts its arguments.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run(KvLayout layout, byte* block, byte* next, int count, in AttentionState state, int queries, float* room)
    {
        for (int query = 0; query < queries; query += AttentionKernel.QueriesAtOnce)
        {
            AttentionState some = state.From(query);
            switch (queries - query)
            {
                case 1:
                    Fold<One>(layout, block, next, count, some, room);
                    break;
                case 2:
                    Fold<Two>(layout, block, next, count, some, room);
                    break;
                case 3:
                    Fold<Three>(layout, block, next, count, some, room);
                    break;
                default:
                    Fold<Four>(layout, block, next, count, some, room);
                    break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Fold<TCount>(KvLayout layout, byte* block, byte* next, int count, in AttentionState state, float* room)
        where TCount : struct, ISmallCount
    {
        float* weights = room;                                                       // (queries, positions): scores first
        float* scaled = room + (AttentionKernel.QueriesAtOnce * Positions);          // (queries, positions)
        float* factors = stackalloc float[AttentionKernel.QueriesAtOnce];
        Scores<TCount>(layout, block, next, state.Queries, weights);
        for (int query = 0; query < TCount.Value; query++)
        {
            factors[query] = Soften(weights + (query * Positions), count, state.Largest + query, state.Sums + query);
        }

        byte* values = block + layout.Values;
        int stride = layout.PaddedDim;
        for (int first = 0; first < stride; first += Group)
        {
            float* p = weights;
            if (TFormat.HasScales)
            {
                Scale<TCount>(weights, block + layout.ValueScales + (first / Group * ScaleRowBytes), scaled);
                p = scaled;
            }

            int end = Math.Min(first + Group, stride);
            int column = first;
            for (; column + (2 * TLanes.Count) <= end; column += 2 * TLanes.Count)
            {
                Accumulate<TCount, Two>(values + (column * TFormat.Bytes), next - block, stride, count, p, factors, state.Totals + column);
            }

            if (column < end) // half a group, where a vector is that wide
            {
                Accumulate<TCount, One>(values + (column * TFormat.Bytes), next - block, stride, count, p, factors, state.Totals + column);
            }
        }
    }

    // scores[q, j] = query[q] . key[j], for all 32 positions.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scores<TCount>(KvLayout layout, byte* block, byte* next, float* queries, float* scores)
        where TCount : struct, ISmallCount
    {
        int headDim = layout.HeadDim;
        int stride = layout.PaddedDim;
        int groupDim = TFormat.HasScales ? Group : headDim;
        nint ahead = (nint)(next - block);
        byte* scales = block + layout.KeyScales;
        for (int lane = 0; lane < Half; lane += TLanes.Count)
        {
            byte* keys = block + (lane * TFormat.Bytes);
            for (int first = 0; first < headDim; first += groupDim)
            {
                float* x = queries + first;
                int count = Math.Min(groupDim, headDim - first);
                TVector a0 = default, a1 = default, a2 = default, a3 = default; // positions lane, ...
                TVector b0 = default, b1 = default, b2 = default, b3 = default; // positions 16 + lane, ...
                for (int d = 0; d < count; d++)
                {
                    Prefetch(keys + ahead);
                    TVector low = TFormat.Load<TLanes, TVector>(keys);
                    TVector high = TFormat.Load<TLanes, TVector>(keys + (Half * TFormat.Bytes));
                    TVector y = TLanes.Create(x[d]);
                    a0 = TLanes.MultiplyAdd(y, low, a0);
                    b0 = TLanes.MultiplyAdd(y, high, b0);
                    if (TCount.Value > 1)
                    {
                        y = TLanes.Create(x[stride + d]);
                        a1 = TLanes.MultiplyAdd(y, low, a1);
                        b1 = TLanes.MultiplyAdd(y, high, b1);
                    }

                    if (TCount.Value > 2)
                    {
                        y = TLanes.Create(x[(2 * stride) + d]);
                        a2 = TLanes.MultiplyAdd(y, low, a2);
                        b2 = TLanes.MultiplyAdd(y, high, b2);
                    }

                    if (TCount.Value > 3)
                    {
                        y = TLanes.Create(x[(3 * stride) + d]);
                        a3 = TLanes.MultiplyAdd(y, low, a3);
                        b3 = TLanes.MultiplyAdd(y, high, b3);
                    }

                    keys += Positions * TFormat.Bytes;
                }

                TVector scaleLow = ScoreScale(scales + (2 * lane));
                TVector scaleHigh = ScoreScale(scales + (2 * (Half + lane)));
                Put(a0, b0, scaleLow, scaleHigh, first, scores + lane);
                if (TCount.Value > 1)
                {
                    Put(a1, b1, scaleLow, scaleHigh, first, scores + lane + Positions);
                }

                if (TCount.Value > 2)
                {
                    Put(a2, b2, scaleLow, scaleHigh, first, scores + lane + (2 * Positions));
                }

                if (TCount.Value > 3)
                {
                    Put(a3, b3, scaleLow, scaleHigh, first, scores + lane + (3 * Positions));
                }

                scales += ScaleRowBytes;
            }

            scales = block + layout.KeyScales;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector ScoreScale(byte* scales) =>
        TFormat.HasScales ? TLanes.Multiply(TLanes.LoadHalves(scales), TLanes.Create(HalfUnit)) : TLanes.Create(TFormat.Unit);

    // A group's products, scaled, join those of the groups before.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(TVector a, TVector b, TVector scaleLow, TVector scaleHigh, int first, float* scores)
    {
        bool joins = TFormat.HasScales && first > 0;
        TLanes.Store(joins ? TLanes.MultiplyAdd(a, scaleLow, TLanes.Load(scores)) : TLanes.Multiply(a, scaleLow), scores);
        TLanes.Store(joins ? TLanes.MultiplyAdd(b, scaleHigh, TLanes.Load(scores + Half)) : TLanes.Multiply(b, scaleHigh), scores + Half);
    }

    // Scores become weights, exp(score - largest) * unit; returns what the query's totals so far are to be multiplied with.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Soften(float* scores, int count, float* largest, float* sum)
    {
        for (int j = count; j < Positions; j++)
        {
            scores[j] = float.NegativeInfinity;
        }

        TVector most = TLanes.Load(scores);
        for (int j = TLanes.Count; j < Positions; j += TLanes.Count)
        {
            most = TLanes.Max(most, TLanes.Load(scores + j));
        }

        float before = *largest;
        float now = MathF.Max(before, TLanes.Largest(most));
        TVector shift = TLanes.Create(-now);
        TVector unit = TLanes.Create(TFormat.Unit);
        TVector total = default;
        for (int j = 0; j < Positions; j += TLanes.Count)
        {
            TVector weight = BoundedExp.Of<TLanes, TVector>(TLanes.Add(TLanes.Load(scores + j), shift));
            total = TLanes.Add(total, weight);
            TLanes.Store(TLanes.Multiply(weight, unit), scores + j);
        }

        float factor = now == before ? 1 : BoundedExp.Of<FloatLanesScalar, float>(before - now);
        *largest = now;
        *sum = (*sum * factor) + TLanes.Sum(total);
        return factor;
    }

    // scaled[q, j] = weights[q, j] * scales[j]: the scales of one group of 32 elements.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scale<TCount>(float* weights, byte* scales, float* scaled)
        where TCount : struct, ISmallCount
    {
        for (int j = 0; j < Positions; j += TLanes.Count)
        {
            TVector scale = TLanes.Multiply(TLanes.LoadHalves(scales + (2 * j)), TLanes.Create(HalfUnit));
            for (int at = j; at < TCount.Value * Positions; at += Positions)
            {
                TLanes.Store(TLanes.Multiply(TLanes.Load(weights + at), scale), scaled + at);
            }
        }
    }

    // totals[q, c] = factors[q] * totals[q, c] + sum over j of weights[q, j] * values[j, c], for one or two vectors of columns.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Accumulate<TCount, TVectors>(byte* values, long ahead, int stride, int count, float* weights, float* factors, float* totals)
        where TCount : struct, ISmallCount
        where TVectors : struct, ISmallCount
    {
        int rowBytes = stride * TFormat.Bytes;
        TVector a0 = default, a1 = default, a2 = default, a3 = default;
        TVector b0 = default, b1 = default, b2 = default, b3 = default;
        Begin<TVectors>(totals, factors[0], ref a0, ref b0);
        if (TCount.Value > 1)
        {
            Begin<TVectors>(totals + stride, factors[1], ref a1, ref b1);
        }

        if (TCount.Value > 2)
        {
            Begin<TVectors>(totals + (2 * stride), factors[2], ref a2, ref b2);
        }

        if (TCount.Value > 3)
        {
            Begin<TVectors>(totals + (3 * stride), factors[3], ref a3, ref b3);
        }

        for (int j = 0; j < count; j++)
        {
            Prefetch(values + ahead);
            TVector left = TFormat.Load<TLanes, TVector>(values);
            TVector right = TVectors.Value > 1 ? TFormat.Load<TLanes, TVector>(values + (TLanes.Count * TFormat.Bytes)) : default;
            Step<TVectors>(weights[j], left, right, ref a0, ref b0);
            if (TCount.Value > 1)
            {
                Step<TVectors>(weights[Positions + j], left, right, ref a1, ref b1);
            }

            if (TCount.Value > 2)
            {
                Step<TVectors>(weights[(2 * Positions) + j], left, right, ref a2, ref b2);
            }

            if (TCount.Value > 3)
            {
                Step<TVectors>(weights[(3 * Positions) + j], left, right, ref a3, ref b3);
            }

            values += rowBytes;
        }

        End<TVectors>(a0, b0, totals);
        if (TCount.Value > 1)
        {
            End<TVectors>(a1, b1, totals + stride);
        }

        if (TCount.Value > 2)
        {
            End<TVectors>(a2, b2, totals + (2 * stride));
        }

        if (TCount.Value > 3)
        {
            End<TVectors>(a3, b3, totals + (3 * stride));
        }
    }

    // The processor foresees what follows within a page; the next block lies elsewhere.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(address);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Begin<TVectors>(float* totals, float factor, ref TVector a, ref TVector b)
        where TVectors : struct, ISmallCount
    {
        TVector scale = TLanes.Create(factor);
        a = TLanes.Multiply(scale, TLanes.Load(totals));
        if (TVectors.Value > 1)
        {
            b = TLanes.Multiply(scale, TLanes.Load(totals + TLanes.Count));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<TVectors>(float weight, TVector left, TVector right, ref TVector a, ref TVector b)
        where TVectors : struct, ISmallCount
    {
        TVector y = TLanes.Create(weight);
        a = TLanes.MultiplyAdd(y, left, a);
        if (TVectors.Value > 1)
        {
            b = TLanes.MultiplyAdd(y, right, b);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void End<TVectors>(TVector a, TVector b, float* totals)
        where TVectors : struct, ISmallCount
    {
        TLanes.Store(a, totals);
        if (TVectors.Value > 1)
        {
            TLanes.Store(b, totals + TLanes.Count);
        }
    }
}
