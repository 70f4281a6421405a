using System.Runtime.Intrinsics;

namespace Halo.Inference.Quantization;

/// <summary>
/// A quantised type as formulas: value[c] = scale[c / 16] * (code[c] - <see cref="Offset"/>) + minimum[c / 32]. Blocks are read in parts
/// of <see cref="PartColumns"/> columns, the unit that activations are quantised in; a type with larger blocks has several parts in one.
/// </summary>
internal unsafe interface IBlockFormat
{
    /// <summary>Columns of a part.</summary>
    const int PartColumns = 32;

    /// <summary>Columns of a block: 32 or 256.</summary>
    static abstract int Columns { get; }

    /// <summary>Bytes of a block.</summary>
    static abstract int Bytes { get; }

    /// <summary>Bits of a stored code: 4, 5, 6 or 8. Codes of 8 bits are signed, the others are not.</summary>
    static abstract int Bits { get; }

    /// <summary>Taken off a stored code.</summary>
    static abstract int Offset { get; }

    /// <summary>Whether a minimum is added; else it is 0.</summary>
    static abstract bool HasMinimum { get; }

    /// <summary>Whether 16 columns share a scale; else 32 do.</summary>
    static abstract bool HasHalfScales { get; }

    /// <summary>codes[i] = the stored codes of columns 4i to 4i + 3 of a part, a byte each, the first in the lowest.</summary>
    /// <param name="block">The block's first byte.</param>
    /// <param name="part">Which part of the block.</param>
    /// <param name="codes">(8), written.</param>
    static abstract void ReadCodes(byte* block, int part, uint* codes);

    /// <summary>The codes of columns 0..15 and 16..31 of a part, <see cref="Offset"/> taken off: signed bytes for vector kernels.</summary>
    static abstract void LoadCodes(byte* block, int part, out Vector128<sbyte> low, out Vector128<sbyte> high);

    /// <summary>The scale of columns 16 * half to 16 * half + 15 of a block.</summary>
    static abstract float ReadScale(byte* block, int half);

    /// <summary>What is added to the values of a part.</summary>
    static abstract float ReadMinimum(byte* block, int part);

    /// <summary>All scales of a block of several parts, one for 16 or 32 columns, and the parts' minima where there are any.</summary>
    /// <param name="block">The block's first byte.</param>
    /// <param name="scales">(parts, or 2 * parts), written.</param>
    /// <param name="minima">(parts), written where the type has minima.</param>
    static virtual void ReadScales(byte* block, float* scales, float* minima) => throw new NotSupportedException("A block of one part has one scale.");
}
