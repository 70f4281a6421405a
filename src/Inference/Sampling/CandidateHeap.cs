namespace Halo.Inference.Sampling;

/// <summary>
/// The logits in falling order, lower ids first among equals, sorted only as far as somebody looks: a heap is built in O(n), and
/// looking at the i-th likeliest costs O(log n) once. Sampling seldom looks past the first hundred of 100,000.
/// </summary>
internal sealed class CandidateHeap(int capacity)
{
    // Entries 0 to _heapCount - 1 are a heap with the best at 0; taken ones follow from the end, the best at the very end.
    private readonly (float Logit, int Token)[] _entries = new (float, int)[capacity];
    private int _heapCount;

    internal void Fill(ReadOnlySpan<float> logits)
    {
        for (int token = 0; token < logits.Length; token++)
        {
            _entries[token] = (logits[token], token);
        }

        _heapCount = logits.Length;
        for (int parent = (_heapCount / 2) - 1; parent >= 0; parent--)
        {
            Sink(parent);
        }
    }

    /// <summary>Logit of the <paramref name="rank"/>-th likeliest, the likeliest being 0.</summary>
    internal float Logit(int rank) => At(rank).Logit;

    /// <summary>Token of the <paramref name="rank"/>-th likeliest.</summary>
    internal int Token(int rank) => At(rank).Token;

    private ref readonly (float Logit, int Token) At(int rank)
    {
        while (_entries.Length - _heapCount <= rank)
        {
            _heapCount--;
            (_entries[0], _entries[_heapCount]) = (_entries[_heapCount], _entries[0]);
            Sink(0);
        }

        return ref _entries[_entries.Length - 1 - rank];
    }

    private void Sink(int parent)
    {
        (float Logit, int Token) sinking = _entries[parent];
        for (int child = (2 * parent) + 1; child < _heapCount; child = (2 * parent) + 1)
        {
            if (child + 1 < _heapCount && IsBetter(_entries[child + 1], _entries[child]))
            {
                child++;
            }

            if (!IsBetter(_entries[child], sinking))
            {
                break;
            }

            _entries[parent] = _entries[child];
            parent = child;
        }

        _entries[parent] = sinking;
    }

    private static bool IsBetter((float Logit, int Token) a, (float Logit, int Token) b) =>
        a.Logit > b.Logit || (a.Logit == b.Logit && a.Token < b.Token);
}
