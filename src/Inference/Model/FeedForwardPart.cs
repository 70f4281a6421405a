namespace Halo.Inference.Model;

/// <summary>A run of a feed-forward shard's neurons whose weights lie together.</summary>
/// <param name="Gate">(neurons, hiddenSize).</param>
/// <param name="Up">(neurons, hiddenSize).</param>
/// <param name="Down">(hiddenSize, neurons).</param>
/// <param name="Owner">What the matrices lie in, where that is the shard's alone.</param>
internal sealed record FeedForwardPart(SlicedMatrix Gate, SlicedMatrix Up, SlicedMatrix Down, IDisposable? Owner = null) : IDisposable
{
    internal int Neurons => Gate.Matrix.Rows;

    internal long CopiedBytes => Gate.CopiedBytes + Up.CopiedBytes + Down.CopiedBytes;

    public void Dispose()
    {
        Gate.Dispose();
        Up.Dispose();
        Down.Dispose();
        Owner?.Dispose();
    }
}
