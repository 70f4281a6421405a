using Halo.Inference.Kernels;
using Halo.Inference.Model.Streaming;

namespace Halo.Inference.Model;

/// <summary>
/// Some rows of the LM head: <c>logit[i] = sum over c of w[i, c] * x[c]</c> for the tokens firstToken + i. The rows may lie in several
/// parts, one after the other.
/// </summary>
public sealed unsafe class VocabularyShard : IDisposable
{
    private readonly VocabularyPart[] _parts;
    private readonly int[] _firstRows; // of each part, counted from the shard's first

    internal VocabularyShard(int firstToken, params VocabularyPart[] parts)
    {
        _parts = parts;
        _firstRows = new int[parts.Length];
        for (int i = 1; i < parts.Length; i++)
        {
            _firstRows[i] = _firstRows[i - 1] + parts[i - 1].Rows.Matrix.Rows;
        }

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

    /// <summary>Where the weights come from in each step; null where they stay where they are.</summary>
    internal StreamedStage? Stage { get; init; }

    internal void Forward(StageScratch scratch, float* logits, int stride)
    {
        if (Stage is not null)
        {
            ForwardStreamed(Stage, scratch, logits, stride);
            return;
        }

        MatMulWork products = scratch.Products.Of(scratch.Normed);
        foreach (VocabularyPart part in _parts)
        {
            products.Into(part.Rows.Matrix, logits, stride);
            logits += part.Rows.Matrix.Rows;
        }

        scratch.Team.Run(products);
    }

    private void ForwardStreamed(StreamedStage stage, StageScratch scratch, float* logits, int stride)
    {
        stage.Enter();
        while (stage.Next(scratch.Ready))
        {
            try
            {
                MatMulWork products = scratch.Products.Of(scratch.Normed);
                foreach (ReadyPiece piece in scratch.Ready)
                {
                    products.Into(stage.Slots[piece.Index].Matrix(0, (byte*)piece.Bytes), logits + _firstRows[piece.Index], stride);
                }

                scratch.Team.Run(products);
            }
            finally
            {
                stage.Release(scratch.Ready);
            }
        }
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
