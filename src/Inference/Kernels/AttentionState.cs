namespace Halo.Inference.Kernels;

/// <summary>
/// Softmax attention of some queries in progress: what the positions seen so far add up to, relative to each query's largest score so far.
/// </summary>
/// <param name="layout">Sizes.</param>
/// <param name="queries">(queries, paddedDim), scaled by <see cref="AttentionKernel.QueryScale"/>.</param>
/// <param name="sums">(queries): sum over j of exp(score[j] - largest).</param>
/// <param name="largest">(queries): the largest score.</param>
/// <param name="totals">(queries, paddedDim): sum over j of exp(score[j] - largest) * value[j], times what <see cref="AttentionKernel.OutputScale"/> takes off.</param>
internal unsafe struct AttentionState(KvLayout layout, float* queries, float* sums, float* largest, float* totals)
{
    /// <summary>Floats that the state of one query takes, the query itself apart.</summary>
    internal static int FloatsPerQuery(KvLayout layout) => layout.PaddedDim + 2;

    internal readonly float* Queries => queries;

    internal readonly float* Sums => sums;

    internal readonly float* Largest => largest;

    internal readonly float* Totals => totals;

    /// <summary>A state that lies in <paramref name="memory"/>: room for <paramref name="count"/> times <see cref="FloatsPerQuery"/>.</summary>
    internal static AttentionState In(KvLayout layout, float* queries, float* memory, int count)
    {
        float* totals = memory;
        float* sums = totals + (long)count * layout.PaddedDim;
        return new AttentionState(layout, queries, sums, sums + count, totals);
    }

    /// <summary>The state without its first <paramref name="query"/> queries.</summary>
    internal readonly AttentionState From(int query) => new(
        layout, queries + (long)query * layout.PaddedDim, sums + query, largest + query, totals + (long)query * layout.PaddedDim);

    /// <summary>No position was seen.</summary>
    internal readonly void Clear(int count)
    {
        new Span<float>(totals, count * layout.PaddedDim).Clear();
        new Span<float>(sums, count).Clear();
        new Span<float>(largest, count).Fill(float.NegativeInfinity);
    }
}
