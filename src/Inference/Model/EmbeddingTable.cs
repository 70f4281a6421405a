using System.Numerics.Tensors;
using Halo.Inference.Kernels;
using Halo.Inference.Quantization;

namespace Halo.Inference.Model;

/// <summary>The token embeddings, which the head board looks up; the rows then travel with the step.</summary>
public sealed unsafe class EmbeddingTable
{
    private const int MostOnStack = 4096; // floats

    private readonly WeightMatrix _table;      // (vocabularySize, hiddenSize)
    private readonly WeightMatrix? _positions; // (contextLength, hiddenSize), where positions are learned

    internal EmbeddingTable(WeightMatrix table, WeightMatrix? positions = null)
    {
        _table = table;
        _positions = positions;
    }

    /// <summary>Tokens in the table.</summary>
    public int VocabularySize => _table.Rows;

    /// <summary>Writes the embedding of a token at a position: hiddenSize floats. Only learned positions make it depend on the latter.</summary>
    /// <exception cref="StepException">There is no such token, or no such position.</exception>
    public void Lookup(int tokenId, int position, Span<float> row)
    {
        if ((uint)tokenId >= (uint)_table.Rows)
        {
            throw new StepException($"Token {tokenId} is outside the vocabulary of {_table.Rows} tokens.");
        }

        Read(_table, tokenId, row);
        if (_positions is not { } positions)
        {
            return;
        }

        if ((uint)position >= (uint)positions.Rows)
        {
            throw new StepException($"Position {position} is outside the context of {positions.Rows} positions.");
        }

        Span<float> learned = row.Length <= MostOnStack ? stackalloc float[row.Length] : new float[row.Length];
        Read(positions, position, learned);
        TensorPrimitives.Add(row, learned, row);
    }

    private static void Read(in WeightMatrix matrix, int row, Span<float> values)
    {
        int rowBytes = (int)TensorTypes.RowBytes(matrix.Type, matrix.Columns);
        BlockCodec.Dequantize(matrix.Type, new ReadOnlySpan<byte>(matrix.Data + row * matrix.RowStrideBytes, rowBytes), values);
    }
}
