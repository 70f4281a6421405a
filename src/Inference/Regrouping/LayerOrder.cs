namespace Halo.Inference.Regrouping;

/// <summary>How one layer's neurons and head groups are put in a new order.</summary>
/// <param name="Neurons">For each new place the old neuron; every neuron once.</param>
/// <param name="HeadGroups">For each new place the old head group; every head group once.</param>
public sealed record LayerOrder(IReadOnlyList<int> Neurons, IReadOnlyList<int> HeadGroups)
{
    /// <summary>An order of neurons that moves whole runs of them.</summary>
    /// <param name="groups">For each new place the old group.</param>
    /// <param name="groupSize">Neurons of a group; they keep their order. The last group may have fewer and must then stay last.</param>
    /// <param name="neurons">Neurons in all.</param>
    public static int[] OfGroups(IReadOnlyList<int> groups, int groupSize, int neurons) =>
    [
        .. groups.SelectMany(group => Enumerable.Range(group * groupSize, Math.Min(groupSize, neurons - (group * groupSize)))),
    ];
}
