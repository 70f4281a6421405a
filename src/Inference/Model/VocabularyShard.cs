using Halo.Inference.Kernels;

namespace Halo.Inference.Model;

/// <summary>Some rows of the LM head: <c>logit[i] = sum over c of w[i, c] * x[c]</c> for the tokens firstToken + i.</summary>
public sealed unsafe class VocabularyShard : IDisposable
{
    private readonly SlicedMatrix _rows; // (tokens, hiddenSize)
    private readonly IDisposable? _owner; // what the rows lie in, where that is the shard's alone

    internal VocabularyShard(SlicedMatrix rows, int firstToken, IDisposable? owner = null)
    {
        _rows = rows;
        _owner = owner;
        FirstToken = firstToken;
    }

    /// <summary>The first token whose logit this shard computes.</summary>
    public int FirstToken { get; }

    /// <summary>Tokens of this shard.</summary>
    public int TokenCount => _rows.Matrix.Rows;

    /// <summary>Bytes of weights that this shard copied out of the model file; 0 where it is mapped whole.</summary>
    public long CopiedBytes => _rows.CopiedBytes;

    internal bool NeedsQuantizedInput => MatMul.NeedsQuantizedInput(_rows.Matrix.Type);

    internal void Forward(StageScratch scratch, float* logits, int stride) =>
        scratch.Team.Run(scratch.Products.Of(scratch.Normed).Into(_rows.Matrix, logits, stride));

    /// <inheritdoc/>
    public void Dispose()
    {
        _rows.Dispose();
        _owner?.Dispose();
    }
}
