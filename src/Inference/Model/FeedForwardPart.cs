using Halo.Inference.Model.Architectures;

namespace Halo.Inference.Model;

/// <summary>A run of a feed-forward shard's neurons whose weights lie together.</summary>
/// <param name="Gate">(neurons, hiddenSize); null where the model has no gate.</param>
/// <param name="Up">(neurons, hiddenSize).</param>
/// <param name="Down">(hiddenSize, neurons).</param>
/// <param name="Biases">The neurons' own biases; the down projection's is no neuron's, see <see cref="StageNorm"/>.</param>
/// <param name="Owner">What the matrices lie in, where that is the shard's alone.</param>
internal sealed record FeedForwardPart(SlicedMatrix? Gate, SlicedMatrix Up, SlicedMatrix Down, NeuronBiases Biases, IDisposable? Owner = null) : IDisposable
{
    internal int Neurons => Up.Matrix.Rows;

    internal long CopiedBytes => (Gate?.CopiedBytes ?? 0) + Up.CopiedBytes + Down.CopiedBytes;

    /// <summary>Where the up projection comes among a piece's matrices: after the gate, if there is one. The down projection is next.</summary>
    internal int UpIndex => Gate is null ? 0 : 1;

    /// <summary>Takes a piece's matrices in the order of <see cref="ModelLayout.Cut"/>: gate, if there is one, up, down.</summary>
    internal static FeedForwardPart Of(SlicedMatrix[] matrices, NeuronBiases biases, IDisposable? owner = null) =>
        new(matrices.Length == 3 ? matrices[0] : null, matrices[^2], matrices[^1], biases, owner);

    public void Dispose()
    {
        Gate?.Dispose();
        Up.Dispose();
        Down.Dispose();
        Owner?.Dispose();
    }
}
