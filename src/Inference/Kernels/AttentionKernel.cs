using System.Diagnostics;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels;

/// <summary>
/// Softmax attention over blocks of keys and values, one block after the other, with no memory for scores but a block's (online softmax): a
/// larger score than all before scales down what was added up so far. Keys and values are read once for all queries at hand.
/// </summary>
/// <remarks>A query's arithmetic depends on its own positions alone, never on the queries that share the call.</remarks>
internal static unsafe class AttentionKernel
{
    /// <summary>Floats of room that <see cref="Fold"/> works in.</summary>
    internal const int RoomFloats = 2 * QueriesAtOnce * KvLayout.BlockPositions;

    /// <summary>Queries that share what is loaded of keys and values.</summary>
    internal const int QueriesAtOnce = 4;

    /// <summary>What queries are multiplied with before: 1 / sqrt(headDim), and what the type's numbers lack.</summary>
    internal static float QueryScale(KvLayout layout) => Unit(layout.Type) / MathF.Sqrt(layout.HeadDim);

    /// <summary>What totals / sums are multiplied with in the end.</summary>
    internal static float OutputScale(KvLayout layout) => Unit(layout.Type);

    /// <summary>Adds the first <paramref name="count"/> positions of a block to the state of <paramref name="queries"/> queries.</summary>
    /// <param name="tier">Instructions to use.</param>
    /// <param name="layout">How the block lies.</param>
    /// <param name="block">The block.</param>
    /// <param name="next">The block that will be read after it, which is fetched meanwhile; the same one where there is none.</param>
    /// <param name="count">Positions, 1 to 32.</param>
    /// <param name="state">The queries and what they have seen.</param>
    /// <param name="queries">Queries, 1 or more.</param>
    /// <param name="room"><see cref="RoomFloats"/> floats of this thread's own.</param>
    internal static void Fold(KernelTier tier, KvLayout layout, byte* block, byte* next, int count, in AttentionState state, int queries, float* room)
    {
        Debug.Assert(count is >= 1 and <= KvLayout.BlockPositions);
        switch (tier)
        {
            case KernelTier.Avx512:
                Fold<FloatLanes512, Vector512<float>>(layout, block, next, count, state, queries, room);
                break;
            case KernelTier.AvxVnni or KernelTier.Avx2:
                Fold<FloatLanes256, Vector256<float>>(layout, block, next, count, state, queries, room);
                break;
            case KernelTier.Vector128:
                Fold<FloatLanes128, Vector128<float>>(layout, block, next, count, state, queries, room);
                break;
            default:
                Fold<FloatLanesScalar, float>(layout, block, next, count, state, queries, room);
                break;
        }
    }

    /// <summary>Adds what a query saw of later positions to what it saw of earlier ones.</summary>
    internal static void Merge(KvLayout layout, in AttentionState earlier, in AttentionState later)
    {
        float largest = MathF.Max(*earlier.Largest, *later.Largest);
        float kept = BoundedExp.Of<FloatLanesScalar, float>(*earlier.Largest - largest);
        float added = BoundedExp.Of<FloatLanesScalar, float>(*later.Largest - largest);
        *earlier.Largest = largest;
        *earlier.Sums = (*earlier.Sums * kept) + (*later.Sums * added);
        Span<float> totals = new(earlier.Totals, layout.PaddedDim);
        TensorPrimitives.Multiply(totals, kept, totals);
        TensorPrimitives.MultiplyAdd(new ReadOnlySpan<float>(later.Totals, layout.PaddedDim), added, totals, totals);
    }

    private static float Unit(KvType type) => type switch
    {
        KvType.F32 => F32Format.Unit,
        KvType.F16 => F16Format.Unit,
        _ => Q8Format.Unit,
    };

    private static void Fold<TLanes, TVector>(KvLayout layout, byte* block, byte* next, int count, in AttentionState state, int queries, float* room)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : struct
    {
        switch (layout.Type)
        {
            case KvType.F32:
                AttentionFold<TLanes, TVector, F32Format>.Run(layout, block, next, count, state, queries, room);
                break;
            case KvType.F16:
                AttentionFold<TLanes, TVector, F16Format>.Run(layout, block, next, count, state, queries, room);
                break;
            default:
                AttentionFold<TLanes, TVector, Q8Format>.Run(layout, block, next, count, state, queries, room);
                break;
        }
    }
}
