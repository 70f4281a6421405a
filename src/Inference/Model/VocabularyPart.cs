namespace Halo.Inference.Model;

/// <summary>A run of a vocabulary shard's rows that lie together.</summary>
/// <param name="Rows">(tokens, hiddenSize).</param>
/// <param name="Owner">What the rows lie in, where that is the shard's alone.</param>
internal sealed record VocabularyPart(SlicedMatrix Rows, IDisposable? Owner = null) : IDisposable
{
    public void Dispose()
    {
        Rows.Dispose();
        Owner?.Dispose();
    }
}
