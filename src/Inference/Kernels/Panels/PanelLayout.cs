using Halo.Inference.Quantization;

namespace Halo.Inference.Kernels.Panels;

/// <summary>
/// The layout R16 of quantised matrices: 16 rows lie interleaved, so that one vector of any width holds whole rows' shares, sums need no
/// shuffling across lanes, and a panel of 16 rows is one linear stream. Built when weights are cut or copied; costs no bytes worth speaking of.
/// </summary>
/// <remarks>
/// A panel is 16 rows; missing ones at the end are zeros. It is a run of units of 64 columns (256 for types with blocks of 256); where columns
/// end within a unit, it ends behind the codes of its first block. A unit, each item for rows 0 to 15:
/// <list type="bullet">
/// <item>Types of 32 columns: f16 scales of block 0, of block 1; f16 minima of both, if any; the codes of block 0, of block 1.</item>
/// <item>Q4_K, Q5_K: f16 scales; f16 minima; per part u8 scales; per part u8 minima; per part codes.</item>
/// <item>Q6_K: f16 scales; 32 bytes of zeros; per half of 16 columns i8 scales; per part codes.</item>
/// </list>
/// The codes of 32 columns are vectors of 64 bytes, byte 4r + i being row r's:
/// <list type="bullet">
/// <item>8 bits: eight vectors; vector j has columns 4j + i.</item>
/// <item>4, 5 and 6 bits: first the upper bits; then four vectors, of which vector j has columns 4j + i in its low and 16 + 4j + i in its
/// high nibbles.</item>
/// <item>Upper bits: of 5, one vector, bit j of a byte belonging to low nibble j, bit 4 + j to high nibble j; of 6, two vectors, bits 2j and
/// 2j + 1 of the first for low nibble j, of the second for high nibble j.</item>
/// </list>
/// A panel begins on 64 bytes and so does everything read as a vector of 64.
/// </remarks>
public static class PanelLayout
{
    /// <summary>Rows of a panel.</summary>
    public const int Rows = 16;

    /// <summary>Bytes of a vector, and what panels are aligned to.</summary>
    public const int VectorBytes = 64;

    /// <summary>Bytes of one f16 for each row.</summary>
    internal const int HalvesBytes = Rows * 2;

    /// <summary>Columns of a unit of the types of 32 columns: two blocks, so that their scales fill a vector.</summary>
    private const int SmallUnitColumns = 64;

    /// <summary>Whether matrices of <paramref name="type"/> can be laid out so: quantised ones.</summary>
    public static bool Has(TensorType type) => TensorTypes.IsQuantized(type);

    /// <summary>Columns of a unit.</summary>
    public static int UnitColumns(TensorType type) => Math.Max(SmallUnitColumns, TensorTypes.BlockColumns(type));

    /// <summary>Bytes of a unit.</summary>
    /// <exception cref="NotSupportedException">The type has no such layout.</exception>
    public static int UnitBytes(TensorType type) => type switch
    {
        TensorType.Q8_0 => (2 * HalvesBytes) + (2 * CodeBytes(8)),
        TensorType.Q4_0 => (2 * HalvesBytes) + (2 * CodeBytes(4)),
        TensorType.Q4_1 => (4 * HalvesBytes) + (2 * CodeBytes(4)),
        TensorType.Q5_0 => (2 * HalvesBytes) + (2 * CodeBytes(5)),
        TensorType.Q5_1 => (4 * HalvesBytes) + (2 * CodeBytes(5)),
        TensorType.Q4_K => (2 * HalvesBytes) + (8 * (2 * Rows)) + (8 * CodeBytes(4)),
        TensorType.Q5_K => (2 * HalvesBytes) + (8 * (2 * Rows)) + (8 * CodeBytes(5)),
        TensorType.Q6_K => (2 * HalvesBytes) + (16 * Rows) + (8 * CodeBytes(6)),
        _ => throw new NotSupportedException($"Weights of type {type} have no panel layout."),
    };

    /// <summary>Bytes of a panel.</summary>
    /// <param name="type">A type that has this layout.</param>
    /// <param name="columns">Inputs.</param>
    public static long PanelBytes(TensorType type, int columns)
    {
        (int units, int rest) = Math.DivRem(columns, UnitColumns(type));
        return ((long)units * UnitBytes(type)) + (rest == 0 ? 0 : (UnitBytes(type) + HeadBytes(type)) / 2);
    }

    /// <summary>Bytes of a whole matrix.</summary>
    /// <param name="type">A type that has this layout.</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs.</param>
    public static long MatrixBytes(TensorType type, int rows, int columns) => (rows + Rows - 1L) / Rows * PanelBytes(type, columns);

    // Of a unit of two blocks: what comes before its codes.
    private static int HeadBytes(TensorType type) => (type is TensorType.Q4_1 or TensorType.Q5_1 ? 4 : 2) * HalvesBytes;

    /// <summary>Bytes of the codes of 32 columns of a panel.</summary>
    internal static int CodeBytes(int bits) => bits * 32 * Rows / 8;
}
