using Halo.Inference.Quantization;

namespace Halo.Inference.Gguf;

/// <summary>Where and in what form a tensor lies in its file.</summary>
/// <param name="Name">Name of the tensor, such as <c>blk.0.attn_q.weight</c>.</param>
/// <param name="Dimensions">Sizes in elements, the fastest running one first as in the file: (columns, rows).</param>
/// <param name="Type">Element type.</param>
/// <param name="Offset">First byte of the data, counted from the beginning of the file.</param>
/// <param name="ByteCount">Bytes of the data.</param>
public sealed record GgufTensorInfo(string Name, IReadOnlyList<long> Dimensions, TensorType Type, long Offset, long ByteCount)
{
    /// <summary>Elements of a row: the input size of a matrix, or the length of a vector.</summary>
    public long Columns => Dimensions[0];

    /// <summary>Rows, with every dimension past the second folded in; 1 for a vector.</summary>
    public long Rows
    {
        get
        {
            long rows = 1;
            for (int i = 1; i < Dimensions.Count; i++)
            {
                rows *= Dimensions[i];
            }

            return rows;
        }
    }

    /// <summary>Sizes as text, fastest first: <c>64 x 512</c>.</summary>
    public string ShapeText => string.Join(" x ", Dimensions);
}
