using Halo.Inference.Kernels;
using Halo.Inference.Quantization;

namespace Halo.Inference.Model;

/// <summary>The token embeddings, which the head board looks up; the rows then travel with the step.</summary>
public sealed unsafe class EmbeddingTable
{
    private readonly WeightMatrix _table; // (vocabularySize, hiddenSize)

    internal EmbeddingTable(WeightMatrix table) => _table = table;

    /// <summary>Tokens in the table.</summary>
    public int VocabularySize => _table.Rows;

    /// <summary>Writes the embedding of a token: hiddenSize floats.</summary>
    /// <exception cref="StepException">There is no such token.</exception>
    public void Lookup(int tokenId, Span<float> row)
    {
        if ((uint)tokenId >= (uint)_table.Rows)
        {
            throw new StepException($"Token {tokenId} is outside the vocabulary of {_table.Rows} tokens.");
        }

        int rowBytes = (int)TensorTypes.RowBytes(_table.Type, _table.Columns);
        BlockCodec.Dequantize(_table.Type, new ReadOnlySpan<byte>(_table.Data + tokenId * _table.RowStrideBytes, rowBytes), row);
    }
}
