using System.Numerics.Tensors;

namespace Halo.Planning.Importance;

internal static class FiniteNumbers
{
    internal static bool All(ReadOnlySpan<float> numbers) => numbers.IsEmpty || TensorPrimitives.IsFiniteAll(numbers);
}
