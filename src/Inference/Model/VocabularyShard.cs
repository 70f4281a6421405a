using Halo.Inference.Kernels;

namespace Halo.Inference.Model;

/// <summary>
/// Some rows of the LM head: <c>logit[i] = sum over c of w[i, c] * x[c]</c> for the tokens firstToken + i. The rows may lie in several
/// parts, one after the other.
/// </summary>
public sealed unsafe class VocabularyShard : IDisposable
{
    private readonly VocabularyPart[] _parts;

    internal VocabularyShard(int firstToken, params VocabularyPart[] parts)
    {
        _parts = parts;
        FirstToken = firstToken;
        TokenCount = parts.Sum(part => part.Rows.Matrix.Rows);
        NeedsQuantizedInput = parts.Any(part => MatMul.NeedsQuantizedInput(part.Rows.Matrix.Type));
    }

    /// <summary>The first token whose logit this shard computes.</summary>
    public int FirstToken { get; }

    /// <summary>Tokens of this shard.</summary>
    public int TokenCount { get; }

    /// <summary>Bytes of weights that this shard copied out of the model file; 0 where it is mapped whole.</summary>
    public long CopiedBytes => _parts.Sum(part => part.Rows.CopiedBytes);

    internal bool NeedsQuantizedInput { get; }

    internal void Forward(StageScratch scratch, float* logits, int stride)
    {
        MatMulWork products = scratch.Products.Of(scratch.Normed);
        foreach (VocabularyPart part in _parts)
        {
            products.Into(part.Rows.Matrix, logits, stride);
            logits += part.Rows.Matrix.Rows;
        }

        scratch.Team.Run(products);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (VocabularyPart part in _parts)
        {
            part.Dispose();
        }
    }
}
