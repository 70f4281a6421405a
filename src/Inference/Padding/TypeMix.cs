using System.Globalization;
using Halo.Inference.Quantization;

namespace Halo.Inference.Padding;

/// <summary>
/// The types of a model file's matrices: one for all of them, or a mixture that gives more bits where they matter most, as most published
/// files do. Norms are always F32.
/// </summary>
/// <remarks>
/// A mixture (Q4_K_M, Q5_K_M) follows the default rule of llama-quantize for plain LLaMA models: Q6_K for the LM head, which is the embedding
/// where there is no <c>output.weight</c>; and Q6_K for <c>attn_v</c> and <c>ffn_down</c> in the first eighth of the layers, the last eighth,
/// and every third layer between. A row that is not whole blocks of 256 is kept in blocks of 32 instead: Q5_0 for Q4_K, Q5_1 for Q5_K, Q8_0 for
/// Q6_K. (The rule has one exception more, for models of 70 billion parameters, which is left out.)
/// </remarks>
/// <param name="Main">The type of all matrices, or of most.</param>
/// <param name="IsMixture">Whether some are kept in Q6_K.</param>
public readonly record struct TypeMix(TensorType Main, bool IsMixture = false)
{
    private static readonly TypeMix[] s_all =
    [
        .. ((TensorType[])[
            TensorType.F32, TensorType.F16, TensorType.BF16, TensorType.Q8_0, TensorType.Q4_0, TensorType.Q4_1, TensorType.Q5_0, TensorType.Q5_1,
            TensorType.Q4_K, TensorType.Q5_K, TensorType.Q6_K]).Select(type => new TypeMix(type)),
        new(TensorType.Q4_K, IsMixture: true),
        new(TensorType.Q5_K, IsMixture: true),
    ];

    /// <summary>All there are.</summary>
    public static IReadOnlyList<TypeMix> All => s_all;

    /// <summary>llama.cpp's id for "mostly this", the key <c>general.file_type</c>.</summary>
    public uint FileType => Main switch
    {
        TensorType.F32 => 0,
        TensorType.F16 => 1,
        TensorType.Q4_0 => 2,
        TensorType.Q4_1 => 3,
        TensorType.Q8_0 => 7,
        TensorType.Q5_0 => 8,
        TensorType.Q5_1 => 9,
        TensorType.Q4_K => IsMixture ? 15u : 14,
        TensorType.Q5_K => IsMixture ? 17u : 16,
        TensorType.Q6_K => 18,
        TensorType.BF16 => 32,
        _ => throw new InvalidOperationException($"No file is mostly {Main}."),
    };

    /// <summary>Elements that every row must be whole blocks of.</summary>
    internal int BlockColumns => IsMixture ? 32 : TensorTypes.BlockColumns(Main);

    /// <summary>Why nothing can be written so; null where it can.</summary>
    internal string? Fault => s_all.Contains(this) ? null : $"Matrices can be written in {string.Join(", ", s_all)}, not in {this}.";

    /// <summary>Reads a name as <see cref="ToString"/> writes it, in any case.</summary>
    /// <returns>Whether there is such a mix.</returns>
    public static bool TryParse(string text, out TypeMix mix)
    {
        int index = Array.FindIndex(s_all, known => known.ToString().Equals(text, StringComparison.OrdinalIgnoreCase));
        mix = index < 0 ? default : s_all[index];
        return index >= 0;
    }

    /// <summary>Every matrix in one type.</summary>
    public static implicit operator TypeMix(TensorType type) => new(type);

    /// <inheritdoc cref="op_Implicit(TensorType)"/>
    public static TypeMix FromTensorType(TensorType type) => type;

    /// <summary>The type of one matrix.</summary>
    /// <param name="name">Its name in the file.</param>
    /// <param name="layerCount">Layers of the model.</param>
    /// <param name="columns">Elements of a row.</param>
    /// <param name="isHead">Whether it is the LM head, be that the embedding.</param>
    internal TensorType TypeOf(string name, int layerCount, int columns, bool isHead)
    {
        if (!IsMixture)
        {
            return Main;
        }

        TensorType type = isHead || (name.StartsWith("blk.", StringComparison.Ordinal) && IsKeptBetter(name.Split('.'), layerCount)) ? TensorType.Q6_K : Main;
        return columns % TensorTypes.BlockColumns(type) == 0 ? type : type switch
        {
            TensorType.Q4_K => TensorType.Q5_0,
            TensorType.Q5_K => TensorType.Q5_1,
            _ => TensorType.Q8_0,
        };
    }

    /// <inheritdoc/>
    public override string ToString() => IsMixture ? $"{Main}_M" : $"{Main}";

    // "blk", layer, part, "weight". Shares of the layers are rounded down.
    private static bool IsKeptBetter(string[] parts, int layerCount)
    {
        int layer = int.Parse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture);
        return parts[2] is "attn_v" or "ffn_down"
            && (layer < layerCount / 8 || layer >= 7 * layerCount / 8 || (layer - layerCount / 8) % 3 == 2);
    }
}
