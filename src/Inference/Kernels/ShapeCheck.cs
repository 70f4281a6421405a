using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Halo.Inference.Kernels;

/// <summary>Length checks at the edge of the kernels.</summary>
internal static class ShapeCheck
{
    /// <summary>Throws unless <paramref name="found"/> is <paramref name="needed"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Length(int needed, int found, string name)
    {
        if (needed != found)
        {
            ThrowLength(needed, found, name);
        }
    }

    [DoesNotReturn]
    private static void ThrowLength(int needed, int found, string name) =>
        throw new ArgumentException($"{needed} elements are needed, not {found}.", name);
}
