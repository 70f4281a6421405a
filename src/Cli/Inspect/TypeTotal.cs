using Halo.Inference.Gguf;

namespace Halo.Cli.Inspect;

/// <summary>All tensors of one type together.</summary>
/// <param name="Type">The type.</param>
/// <param name="Tensors">How many tensors.</param>
/// <param name="Parameters">Their elements.</param>
/// <param name="Bytes">Their bytes.</param>
internal sealed record TypeTotal(string Type, int Tensors, long Parameters, long Bytes)
{
    /// <summary>The totals of a file, the type with the most bytes first, and a last one over all types.</summary>
    internal static IReadOnlyList<TypeTotal> Of(GgufFile file)
    {
        IEnumerable<TypeTotal> totals = file.TensorList.GroupBy(tensor => tensor.Type).Select(group => Sum(group.Key.ToString(), [.. group]));
        return [.. totals.OrderByDescending(total => total.Bytes), Sum("all", file.TensorList)];
    }

    private static TypeTotal Sum(string type, IReadOnlyList<GgufTensorInfo> tensors) => new(
        type, tensors.Count, tensors.Sum(tensor => tensor.Columns * tensor.Rows), tensors.Sum(tensor => tensor.ByteCount));
}
